import type { Context } from '../context.ts';

/** The row is safe: whether the bell rings changes the time of the letter and never the answer. */
export async function ringAnswer(ctx: Context, signUpId: number): Promise<void> {
  try {
    await ctx.queues.ring('answer-sign-up', { signUpId });
  } catch (error) {
    ctx.log.warn({ deed: 'ring-answer', signUpId, reason: String(error) }, 'the bell did not ring');
  }
}
