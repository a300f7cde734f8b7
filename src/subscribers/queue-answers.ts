import type { Context } from '../context.ts';
import { gather } from '../lib/gather.ts';

/** A queue that has just answered is not asked again by every sign-up of a rush. */
const goodMs = 250;
const answeredAtMs = new WeakMap<object, number>();

/**
 * Whether the queue can be rung now. A queue that is known to be down would leave a reader waiting for a letter, so a form is
 * refused before anything is written.
 */
export async function queueAnswers(ctx: Context): Promise<boolean> {
  const atMs = answeredAtMs.get(ctx.queues);
  if (atMs !== undefined && performance.now() - atMs < goodMs) return true;
  try {
    await pingTogether(ctx.queues, undefined);
    answeredAtMs.set(ctx.queues, performance.now());
    return true;
  } catch (error) {
    ctx.log.error({ deed: 'sign-up', reason: String(error) }, 'the queue does not answer');
    return false;
  }
}

const pingTogether = gather<Context['queues'], undefined, void>(
  async (queues, calls) => {
    await queues.ping();
    return calls.map(() => undefined);
  },
  { callsMax: 1_000 },
);
