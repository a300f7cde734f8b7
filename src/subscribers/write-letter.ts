import type { Context } from '../context.ts';
import { claimLetter, releaseLetter } from '../platform/mail/letters.ts';
import type { ClaimedLetter } from '../platform/mail/letters-together.ts';
import { Unsettled } from './send-letter.ts';

/**
 * Claims a letter that is due and lets `write` write and send it. When that fails before a relay has been handed anything,
 * the letter is given back, due in a minute or two, and the error is thrown on. Safe to run twice: one caller has the letter.
 *
 * @returns `undefined` when there was nothing to claim.
 */
export async function writeLetter<T>(
  ctx: Context,
  letterId: number,
  write: (letter: ClaimedLetter) => Promise<T>,
): Promise<T | undefined> {
  const claimant = ctx.workerId === undefined ? {} : { workerId: ctx.workerId };
  const letter = await claimLetter(ctx.db, { letterId, now: ctx.clock.now(), ...claimant });
  if (!letter) return undefined;
  try {
    return await write(letter);
  } catch (error) {
    if (!(error instanceof Unsettled)) await releaseLetter(ctx.db, letter, ctx.clock.now());
    throw error;
  }
}
