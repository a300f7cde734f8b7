import type { Context } from '../context.ts';
import { gather } from '../lib/gather.ts';
import { idsPerJobMax } from '../platform/queue/jobs.ts';

/** In a rush those of so many milliseconds share a bell: to ring one costs as much as to write the row. */
const pauseMs = 250;

/** The bells that are being rung, by their queues. */
const ringing = new WeakMap<Context['queues'], Set<Promise<void>>>();

/**
 * Rings for a sign-up that is committed. Whether and when the bell rings changes the time of the letter and never the answer,
 * so a form need not wait for it: the first rings at once, what comes within 250 ms of another shares its bell. Never rejects.
 */
export function ringAnswer(ctx: Context, signUpId: number): Promise<void> {
  const here = ringing.get(ctx.queues) ?? new Set();
  ringing.set(ctx.queues, here);
  const bell = ringTogether(ctx.queues, signUpId)
    .catch((error: unknown) => {
      ctx.log.warn({ deed: 'ring-answer', signUpId, reason: String(error) }, 'the bell did not ring');
    })
    .finally(() => here.delete(bell));
  here.add(bell);
  return bell;
}

/** Waits for the bells that nobody waited for, before the queue is closed. */
export async function answersRung(ctx: Context): Promise<void> {
  await Promise.all(ringing.get(ctx.queues) ?? []);
}

const ringTogether = gather<Context['queues'], number, void>(
  async (queues, signUpIds) => {
    await queues.ring('answer-sign-up', { signUpIds: [...signUpIds] });
    return signUpIds.map(() => undefined);
  },
  { callsMax: idsPerJobMax, pauseMs },
);
