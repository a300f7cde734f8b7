import type { MiddlewareHandler, Context as RequestContext } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { answerOnce } from './answer-once.ts';
import { type ApiKey, grants, opens, prefixOf, type Scope } from './key.ts';
import { keyByPrefix, noteUse } from './queries.ts';

/** What a route behind `requireKey` finds in its context. */
export interface KeyEnv extends GuardEnv {
  Variables: GuardEnv['Variables'] & { key: ApiKey };
}

const usedWriteMs = 60_000;

/**
 * Lets a request pass that carries a standing key with this scope; `c.get('key')` is that key. A POST that also carries an
 * `Idempotency-Key` acts once in 24 hours (`answer-once`).
 *
 * @throws Refusal 401 `unauthenticated` (none), `key_unknown`, `key_revoked`, `key_expired`; 403 `scope_missing`.
 */
export function requireKey(ctx: Context, scope: Scope): MiddlewareHandler<KeyEnv> {
  return async (c, next) => {
    const key = await authenticate(ctx, c);
    if (!grants(key.scopes, scope)) {
      throw new Refusal(403, 'scope_missing', `This key lacks the scope ${scope}.`);
    }
    c.set('key', key);
    const once = c.req.method === 'POST' ? c.req.header('Idempotency-Key') : undefined;
    return once === undefined ? next() : answerOnce(ctx, { c, next, keyId: key.id, once });
  };
}

async function authenticate(ctx: Context, c: RequestContext): Promise<ApiKey> {
  const text = /^Bearer +(\S+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
  if (!text) throw new Refusal(401, 'unauthenticated', 'Send an API key: Authorization: Bearer dl_live_…');
  const prefix = prefixOf(text);
  const found = prefix === undefined ? undefined : await keyByPrefix(ctx.db, prefix);
  if (!opens(text, found?.hash) || !found)
    throw new Refusal(401, 'key_unknown', 'This API key is not known.');
  const { key } = found;
  const now = ctx.clock.now();
  if (key.revokedAt) throw new Refusal(401, 'key_revoked', 'This API key was revoked.');
  if (key.expiresAt && key.expiresAt <= now) throw new Refusal(401, 'key_expired', 'This API key has ended.');
  if (!key.lastUsedAt || now.getTime() - key.lastUsedAt.getTime() > usedWriteMs) {
    await noteUse(ctx.db, key.id, now);
  }
  return key;
}
