import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { type ApiKey, grantable, mintKey } from './key.ts';
import { insertKey } from './queries.ts';

/**
 * Makes an API key. The text is returned here and can never be read again: only its hash is stored.
 *
 * @throws Refusal 422 for a scope that does not exist or an end that lies in the past.
 */
export async function createKey(
  ctx: Context,
  wanted: {
    name: string;
    scopes: readonly string[];
    mode?: 'live' | 'test';
    newsletterIds?: number[] | undefined;
    expiresAt?: Date | undefined;
  },
): Promise<{ key: ApiKey; text: string }> {
  const now = ctx.clock.now();
  refuseBadInput(wanted, now);
  const { text, prefix, hash } = mintKey(wanted.mode ?? 'live');
  const key = await insertKey(ctx.db, {
    name: wanted.name.trim(),
    prefix,
    hash,
    mode: wanted.mode ?? 'live',
    scopes: [...new Set(wanted.scopes)],
    newsletterIds: wanted.newsletterIds,
    createdAt: now,
    expiresAt: wanted.expiresAt,
  });
  ctx.log.info({ deed: 'create-key', keyId: key.id, mode: key.mode, scopes: key.scopes }, 'key created');
  return { key, text };
}

function refuseBadInput(
  { name, scopes, expiresAt }: { name: string; scopes: readonly string[]; expiresAt?: Date | undefined },
  now: Date,
): void {
  if (name.trim() === '')
    throw new Refusal(422, 'invalid', 'Give the key a name that says who uses it.', 'name');
  if (scopes.length === 0)
    throw new Refusal(422, 'invalid', `Grant at least one of ${grantable.join(' ')}.`, 'scopes');
  const unknown = scopes.find((scope) => !grantable.includes(scope));
  if (unknown !== undefined) {
    throw new Refusal(
      422,
      'invalid',
      `There is no scope ${unknown}; there are ${grantable.join(' ')}.`,
      'scopes',
    );
  }
  if (expiresAt && !(expiresAt > now))
    throw new Refusal(422, 'invalid', 'The end lies in the past.', 'expires');
}
