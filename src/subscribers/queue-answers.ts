import type { Context } from '../context.ts';

/**
 * Whether the queue can be rung now. A queue that is known to be down would leave a reader waiting for a letter, so a form is
 * refused before anything is written.
 */
export async function queueAnswers(ctx: Context): Promise<boolean> {
  try {
    await ctx.queues.ping();
    return true;
  } catch (error) {
    ctx.log.error({ deed: 'sign-up', reason: String(error) }, 'the queue does not answer');
    return false;
  }
}
