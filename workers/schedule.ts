import type { Context } from '../src/context.ts';
import { rescue } from './rescue.ts';

const minuteMs = 60_000;
const renewEveryMs = 30_000;
const silentMsMax = 90_000;

/**
 * Sets the jobs that ring by themselves, and keeps them set: an emptied Redis loses them too, so each process sets them
 * anew every 30 s from a plain timer and, when no `rescue` has run for 90 s, runs it itself.
 *
 * @returns how to stop.
 */
export function keepSchedule(ctx: Context): () => void {
  const renew = async () => {
    try {
      await ctx.queues.schedule({ name: 'tick', job: 'tick', everyMs: minuteMs });
      await ctx.queues.schedule({ name: 'rescue', job: 'rescue', everyMs: minuteMs });
      await ctx.queues.schedule({ name: 'prune', job: 'prune', everyMs: 60 * minuteMs });
    } catch (error) {
      ctx.log.warn({ deed: 'schedule', reason: String(error) }, 'the schedule could not be set');
    }
    try {
      if (await isSilent(ctx)) await rescue(ctx);
    } catch (error) {
      ctx.log.warn({ deed: 'rescue', reason: String(error) }, 'rescue could not run');
    }
  };
  void renew();
  const timer = setInterval(() => void renew(), renewEveryMs);
  return () => clearInterval(timer);
}

async function isSilent(ctx: Context): Promise<boolean> {
  const row = await ctx.db
    .selectFrom('upkeep')
    .select('ran_at')
    .where('deed', '=', 'rescue')
    .executeTakeFirst();
  return !row || ctx.clock.now().getTime() - row.ran_at.getTime() > silentMsMax;
}
