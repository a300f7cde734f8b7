import type { Context } from '../context.ts';

/** What was decided stands whether or not the bell rings: `rescue` rings for letters that are due. */
export async function ringNotice(ctx: Context, letterId: number): Promise<void> {
  try {
    await ctx.queues.ring('send-notice', { letterIds: [letterId] });
  } catch (error) {
    ctx.log.warn(
      { deed: 'ring', job: 'send-notice', letterId, reason: String(error) },
      'the bell did not ring',
    );
  }
}
