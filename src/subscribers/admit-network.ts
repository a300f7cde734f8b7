import { createHash } from 'node:crypto';
import type { Context } from '../context.ts';
import { fingerprint, openToken } from '../lib/signed-token.ts';
import { countWithin } from '../platform/db/limits.ts';
import { liesIn, limitNet } from '../platform/http/client-address.ts';
import { mintStillHuman, proves, stillHumanMs } from './proof.ts';

const windowMs = 10 * 60_000;
/** More than `free` in 10 minutes from one network: the next ones press one more button. More than `max`: please wait. */
const usualLimits = { free: 30, max: 300 };
/** So many different addresses that cannot be right: someone is trying a list. */
const failuresMax = 60;

export interface Wait {
  kind: 'too_many';
  retryAfterSeconds: number;
}

export type Admission =
  | { kind: 'welcome' }
  /** The one-use token came a second time, as a script would send it. */
  | { kind: 'suspicious' }
  | { kind: 'one_more_step'; token: string }
  | Wait;

/**
 * Counts a sign-up against its network: one IPv4 address or IPv6 /64. Not a refusal at first, since whole towns share one
 * carrier's address: above 30 in ten minutes, or in a newsletter's surge, the reader presses one button more, and a script
 * works for it; above 300 they wait. The ledger counts, so it holds across processes; the address itself is kept nowhere.
 */
export async function admitNetwork(
  ctx: Context,
  asking: {
    clientAddress: string;
    token: string | undefined;
    proof?: string | undefined;
    /** A script asks: its way through is work. A person without one presses a button. */
    scripted?: boolean;
    surge?: boolean;
  },
): Promise<Admission> {
  const now = ctx.clock.now();
  const net = netKey(ctx, asking.clientAddress);
  const [count, failures] = await Promise.all([
    countWithin(ctx.db, `sign-up:${net}`, windowMs, now),
    countWithin(ctx.db, `sign-up-failed:${net}`, windowMs, now, 0),
  ]);
  const { free, max } =
    ctx.config.signUpLimits.find(({ range }) => liesIn(asking.clientAddress, range)) ?? usualLimits;
  if (count > max || failures > failuresMax) return wait(ctx);
  const { token = '', proof, scripted = false, surge = false } = asking;
  if (count <= free && !surge) return { kind: 'welcome' };
  const opened = openToken(ctx.keyring, 'still_human', token, now);
  const needsProof = scripted || (opened.kind === 'valid' && opened.numbers[1] === 1) || proof !== undefined;
  if (opened.kind !== 'valid' || (needsProof && !proves(token, proof))) {
    return { kind: 'one_more_step', token: mintStillHuman(ctx.keyring, now, { proofNeeded: scripted }) };
  }
  const used = createHash('sha256').update(token).digest('hex');
  const uses = await countWithin(ctx.db, `still-human:${used}`, stillHumanMs, now);
  return { kind: uses > 1 ? 'suspicious' : 'welcome' };
}

/**
 * Counts an address that cannot be right, each spelling once in ten minutes: a slip of the finger costs a network nothing, a
 * list that is tried out does.
 *
 * @returns what to answer instead when the network has to wait.
 */
export async function countFailure(
  ctx: Context,
  clientAddress: string,
  typed: string,
): Promise<Wait | undefined> {
  const now = ctx.clock.now();
  const net = netKey(ctx, clientAddress);
  const print = fingerprint(ctx.keyring, `${net}:${typed}`).bytes.toString('hex');
  const times = await countWithin(ctx.db, `sign-up-slip:${print}`, windowMs, now);
  const failures = await countWithin(ctx.db, `sign-up-failed:${net}`, windowMs, now, times === 1 ? 1 : 0);
  return failures > failuresMax ? wait(ctx) : undefined;
}

function wait(ctx: Context): Wait {
  ctx.log.warn({ deed: 'sign-up', signal: 'network-limit' }, 'a network is at its limit of sign-ups');
  return { kind: 'too_many', retryAfterSeconds: windowMs / 1_000 };
}

function netKey(ctx: Context, clientAddress: string): string {
  return fingerprint(ctx.keyring, `net:${limitNet(clientAddress)}`).bytes.toString('hex');
}
