import { sql } from 'kysely';
import { rescueArticles } from '../src/articles/rescue.ts';
import type { Context } from '../src/context.ts';
import { rescueDeliveries } from '../src/deliveries/rescue.ts';
import { rescueEditions } from '../src/editions/rescue.ts';
import { maskAddresses } from '../src/lib/mask.ts';
import { rescueSubscribers } from '../src/subscribers/rescue.ts';

/** In the order of the story. */
const chapters: Record<string, (ctx: Context) => Promise<object>> = {
  subscribers: rescueSubscribers,
  articles: rescueArticles,
  editions: rescueEditions,
  deliveries: rescueDeliveries,
};

/**
 * Once a minute: each chapter finds what was dropped (bells that were lost, leases of the dead, editions that stopped
 * half-way) and picks it up. One chapter's trouble is logged and keeps no other from its rescue. Safe to run twice and by
 * several processes: one holds the lock.
 */
export async function rescue(ctx: Context): Promise<void> {
  await ctx.db.connection().execute(async (db) => {
    const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_lock(${lock}) as mine`.execute(db);
    if (!rows[0]?.mine) return;
    try {
      const report: Record<string, object | 'failed'> = {};
      for (const [chapter, deed] of Object.entries(chapters)) {
        report[chapter] = await deed(ctx).catch((error: Error) => failed(ctx, chapter, error));
      }
      await noteRun(ctx, report);
      ctx.log.info({ deed: 'rescue', ...report }, 'rescue');
    } finally {
      await sql`select pg_advisory_unlock(${lock})`.execute(db);
    }
  });
}

/** Any number that no other part of the program locks. */
const lock = 7_042_001;

function failed(ctx: Context, chapter: string, error: Error): 'failed' {
  const trace = maskAddresses(error.stack ?? error.message);
  ctx.log.error({ deed: 'rescue', chapter, trace }, maskAddresses(error.message));
  return 'failed';
}

async function noteRun(ctx: Context, report: object): Promise<void> {
  const row = { ran_at: ctx.clock.now(), report: JSON.stringify(report) };
  await ctx.db
    .insertInto('upkeep')
    .values({ deed: 'rescue', ...row })
    .onConflict((conflict) => conflict.column('deed').doUpdateSet(row))
    .execute();
}
