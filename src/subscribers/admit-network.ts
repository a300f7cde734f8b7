import { createHash, randomInt } from 'node:crypto';
import type { Context } from '../context.ts';
import { fingerprint, openToken, signToken } from '../lib/signed-token.ts';
import { countWithin } from '../platform/db/limits.ts';
import { limitNet } from '../platform/http/client-address.ts';

const windowMs = 10 * 60_000;
/** More than this in 10 minutes from one network: the next ones press one more button. */
const signUpsFreeMax = 30;
/** More than this: please wait. */
const signUpsMax = 300;
const tokenMs = 30 * 60_000;

export type Admission =
  | { kind: 'welcome' }
  /** The one-use token came a second time, as a script would send it. */
  | { kind: 'suspicious' }
  | { kind: 'one_more_step'; token: string }
  | { kind: 'too_many'; retryAfterSeconds: number };

/**
 * Counts a sign-up against its network: one IPv4 address or IPv6 /64. Not a refusal at first, since whole towns share one
 * carrier's address: above 30 in ten minutes the reader presses one button more, above 300 they wait. The ledger counts, so
 * it holds across processes; the address itself is kept nowhere.
 */
export async function admitNetwork(
  ctx: Context,
  asking: { clientAddress: string; token: string | undefined },
): Promise<Admission> {
  const now = ctx.clock.now();
  const print = fingerprint(ctx.keyring, `net:${limitNet(asking.clientAddress)}`).bytes;
  const count = await countWithin(ctx.db, `sign-up:${print.toString('hex')}`, windowMs, now);
  if (count > signUpsMax) return { kind: 'too_many', retryAfterSeconds: windowMs / 1_000 };
  if (count <= signUpsFreeMax) return { kind: 'welcome' };
  const opened = openToken(ctx.keyring, 'still_human', asking.token ?? '', now);
  if (opened.kind !== 'valid') return { kind: 'one_more_step', token: mintStillHuman(ctx, now) };
  const used = createHash('sha256')
    .update(asking.token ?? '')
    .digest('hex');
  const uses = await countWithin(ctx.db, `still-human:${used}`, tokenMs, now);
  return { kind: uses > 1 ? 'suspicious' : 'welcome' };
}

/** Not bound to the network: phones change theirs between two taps. */
function mintStillHuman(ctx: Context, now: Date): string {
  return signToken(ctx.keyring, 'still_human', [randomInt(2 ** 47)], new Date(now.getTime() + tokenMs));
}
