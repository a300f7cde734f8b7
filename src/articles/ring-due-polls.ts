import type { Context } from '../context.ts';
import { duePolls } from './source-queries.ts';

const bellsMax = 500;

/** Rings `poll-source` for the sources whose time has come. Safe to run twice: the poll claims. @returns how many. */
export async function ringDuePolls(ctx: Context): Promise<number> {
  const sourceIds = await duePolls(ctx.db, { now: ctx.clock.now(), limit: bellsMax });
  await ctx.queues.ringAll(
    'poll-source',
    sourceIds.map((sourceId) => ({ sourceId })),
  );
  return sourceIds.length;
}
