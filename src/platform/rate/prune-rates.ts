import type { Db } from '../db/database.ts';

/** Longer than any window. */
const keptMs = 48 * 3_600_000;

/** Forgets scopes that nobody has drawn in for two days: no window reaches back to them. Safe to run at any time. */
export async function pruneRates(db: Db, now: Date): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('rates')
    .where('drawn_at', '<=', new Date(now.getTime() - keptMs))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
