import { createHash, randomInt } from 'node:crypto';
import type { Keyring } from '../lib/signed-token.ts';
import { signToken } from '../lib/signed-token.ts';

/** Some 32,000 hashes: a third of a second for a phone, and a real bill for who sends a million. */
export const proofBits = 15;

const tokenMs = 30 * 60_000;

/**
 * A token that lets one sign-up through where much is going on. It is bound to no network, since phones change theirs between
 * two taps, and says itself whether a script's work must come with it.
 */
export function mintStillHuman(keyring: Keyring, now: Date, more: { proofNeeded: boolean }): string {
  const numbers = [randomInt(2 ** 47), more.proofNeeded ? 1 : 0];
  return signToken(keyring, 'still_human', numbers, new Date(now.getTime() + tokenMs));
}

export const stillHumanMs = tokenMs;

/** Whether `proof` makes the SHA-256 of `<token>.<proof>` begin with `proofBits` zero bits. Pure. */
export function proves(token: string, proof: string | undefined): boolean {
  if (proof === undefined || !/^\d{1,12}$/.test(proof)) return false;
  const hash = createHash('sha256').update(`${token}.${proof}`).digest();
  return hash.readUInt32BE(0) >>> (32 - proofBits) === 0;
}
