import type { Context } from '../context.ts';
import { maskAddresses } from '../lib/mask.ts';
import { openToken } from '../lib/signed-token.ts';
import { inTime } from './in-time.ts';
import { spoolUnsubscription } from './spool.ts';
import { unsubscribe } from './unsubscribe.ts';

/** The whole answer must be there within 500 ms (RFC 8058 senders give up early); this much of it is the database's. */
const databaseTimeMs = 300;

/**
 * Acts on a one-click unsubscription (RFC 8058): the token alone says who leaves what. When the database does not answer in
 * time, the verified wish is written to disk instead and `rescue` carries it out. Safe to run twice.
 */
export async function oneClick(
  ctx: Context,
  token: string,
): Promise<{ kind: 'done' | 'spooled' | 'bad_token' }> {
  const saidAt = ctx.clock.now();
  const opened = openToken(ctx.keyring, 'unsubscribe', token, saidAt);
  const [subscriberId, newsletterId] = opened.kind === 'valid' ? opened.numbers : [];
  if (subscriberId === undefined || newsletterId === undefined) return { kind: 'bad_token' };
  try {
    await inTime(
      databaseTimeMs,
      unsubscribe(ctx, { subscriberId, newsletterId, method: 'one-click', actor: 'reader' }),
    );
    return { kind: 'done' };
  } catch (error) {
    await spoolUnsubscription(ctx.config.dataDir, { subscriberId, newsletterId, saidAt });
    const reason = maskAddresses(String(error));
    ctx.log.warn({ deed: 'one-click', subscriberId, newsletterId, reason }, 'written to the spool');
    return { kind: 'spooled' };
  }
}
