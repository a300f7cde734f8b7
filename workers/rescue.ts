import { sql } from 'kysely';
import { rescueArticles } from '../src/articles/rescue.ts';
import type { Context } from '../src/context.ts';
import { rescueDeliveries } from '../src/deliveries/rescue.ts';
import { rescueEditions } from '../src/editions/rescue.ts';
import { rescueSubscribers } from '../src/subscribers/rescue.ts';

/**
 * Once a minute, in the order of the story: each chapter finds what was dropped (bells that were lost, leases of the dead,
 * editions that stopped half-way) and picks it up. Safe to run twice and by several processes: one holds the lock.
 */
export async function rescue(ctx: Context): Promise<void> {
  await ctx.db.connection().execute(async (db) => {
    const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_lock(${lock}) as mine`.execute(db);
    if (!rows[0]?.mine) return;
    try {
      const report = {
        subscribers: await rescueSubscribers(ctx),
        articles: await rescueArticles(ctx),
        editions: await rescueEditions(ctx),
        deliveries: await rescueDeliveries(ctx),
      };
      await noteRun(ctx, report);
      ctx.log.info({ deed: 'rescue', ...report }, 'rescue');
    } finally {
      await sql`select pg_advisory_unlock(${lock})`.execute(db);
    }
  });
}

/** Any number that no other part of the program locks. */
const lock = 7_042_001;

async function noteRun(ctx: Context, report: object): Promise<void> {
  const row = { ran_at: ctx.clock.now(), report: JSON.stringify(report) };
  await ctx.db
    .insertInto('upkeep')
    .values({ deed: 'rescue', ...row })
    .onConflict((conflict) => conflict.column('deed').doUpdateSet(row))
    .execute();
}
