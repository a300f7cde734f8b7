import type { Context } from '../context.ts';
import { maskAddresses } from '../lib/mask.ts';
import type { JobName, Payload } from '../platform/queue/jobs.ts';

/**
 * Rings for rows that are committed. When the queue is down that is said in the log and nothing fails: what was asked for is
 * in the books, and `rescue` rings for it.
 */
export async function ring<J extends JobName>(
  ctx: Context,
  name: J,
  payloads: Payload<J>[],
  options: { delayMs?: number } = {},
): Promise<void> {
  try {
    await ctx.queues.ringAll(name, payloads, options);
  } catch (error) {
    const reason = maskAddresses(error instanceof Error ? error.message : String(error));
    ctx.log.warn(
      { deed: 'ring', job: name, bells: payloads.length, reason },
      'a bell was lost; rescue will ring',
    );
  }
}
