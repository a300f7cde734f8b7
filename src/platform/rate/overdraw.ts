import type { Rate } from '../../lib/rate.ts';
import type { Db } from '../db/database.ts';
import { changeDrawn } from './change-drawn.ts';
import { strictest, withGranted } from './drawn.ts';

/**
 * Counts what begins in a scope whether its rates allow it or not: letters do not wait. Whoever draws afterwards gets what is
 * left; of a rate per second at most one second is owed.
 */
export async function overdraw(
  db: Db,
  scope: string,
  rates: readonly Rate[],
  count: number,
  now: Date,
): Promise<void> {
  if (rates.length === 0 || count <= 0) return;
  const limits = strictest(rates);
  await changeDrawn(db, scope, now, (drawn) => withGranted(drawn, limits, count, now.getTime()));
}
