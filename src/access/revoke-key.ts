import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { rowId } from '../lib/ids.ts';
import type { ApiKey } from './key.ts';
import { keyBy, markRevoked } from './queries.ts';

/**
 * Ends a key at once, named by its id or its prefix. Safe to run twice: the first time counts.
 *
 * @throws Refusal 404 when there is no such key.
 */
export async function revokeKey(ctx: Context, idOrPrefix: string): Promise<ApiKey> {
  const id = rowId('key', idOrPrefix);
  const which = id === undefined ? { prefix: idOrPrefix } : { id };
  const revoked = await markRevoked(ctx.db, which, ctx.clock.now());
  if (revoked) {
    ctx.log.info({ deed: 'revoke-key', keyId: revoked.id }, 'key revoked');
    return revoked;
  }
  const known = await keyBy(ctx.db, which);
  if (!known) throw new Refusal(404, 'no_such_key', `There is no key ${idOrPrefix.slice(0, 20)}.`);
  return known;
}
