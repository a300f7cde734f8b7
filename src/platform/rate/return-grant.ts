import type { Rate } from '../../lib/rate.ts';
import type { Db } from '../db/database.ts';
import { changeDrawn } from './change-drawn.ts';
import { strictest, withReturned } from './drawn.ts';

/** Gives back what was drawn at a time and not begun, for others to draw. Never more than was drawn then. */
export async function returnGrant(
  db: Db,
  scope: string,
  rates: readonly Rate[],
  returned: { count: number; drawnAt: Date },
  now: Date,
): Promise<void> {
  if (rates.length === 0 || returned.count <= 0) return;
  const limits = strictest(rates);
  const { count, drawnAt } = returned;
  await changeDrawn(db, scope, now, (drawn) =>
    withReturned(drawn, limits, { count, atMs: drawnAt.getTime() }, now.getTime()),
  );
}
