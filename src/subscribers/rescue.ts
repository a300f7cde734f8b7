import type { Context } from '../context.ts';
import { dueLetters, rescueLetters } from '../platform/mail/letters.ts';
import { perJob } from '../platform/queue/jobs.ts';
import { carryOutSpooled } from './carry-out-spooled.ts';
import { ringGatherData, waitingForData } from './data-copies.ts';
import { ringLetters } from './ring-letters.ts';
import { forgottenSignUps } from './sign-up-queries.ts';

const forgottenAfterMs = 60_000;
const rowsMax = 1_000;

/**
 * Picks up what was dropped: unsubscriptions spooled while the database was away, sign-ups and letters whose bell was lost,
 * letters of workers that died. Safe to run twice and beside itself.
 */
export async function rescueSubscribers(ctx: Context): Promise<{
  spooled: number;
  signUps: number;
  freed: number;
  expired: number;
  letters: number;
  copies: number;
}> {
  const now = ctx.clock.now();
  const spooled = await carryOutSpooled(ctx);
  const signUps = await forgottenSignUps(ctx.db, {
    since: new Date(now.getTime() - forgottenAfterMs),
    now,
    signUpsMax: rowsMax,
  });
  await ctx.queues.ringAll(
    'answer-sign-up',
    perJob(signUps).map((signUpIds) => ({ signUpIds })),
  );
  const { freed, expired } = await rescueLetters(ctx.db, now);
  // The kinds of every chapter: a letter is due whoever planned it.
  const letters = await dueLetters(ctx.db, now, rowsMax);
  await ringLetters(ctx, letters);
  const copies = await waitingForData(ctx, new Date(now.getTime() - forgottenAfterMs));
  await ringGatherData(ctx, copies);
  return { spooled, signUps: signUps.length, freed, expired, letters: letters.length, copies: copies.length };
}
