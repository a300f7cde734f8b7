import type { Db } from '../platform/db/database.ts';
import { countWithin } from '../platform/db/limits.ts';

const hourMs = 60 * 60_000;
const weekMs = 7 * 24 * hourMs;
/** So many times the usual is no good day any more. */
const timesUsual = 20;
/** Of a newsletter that is new or small the usual is not known well: fewer than this an hour are never a surge by themselves. */
const usualPerHourMin = 50;

/**
 * Whether one of the newsletters gets more than twenty times its usual sign-ups of an hour. `count` counts one more for each;
 * without it the question changes nothing.
 */
export async function inSurge(
  db: Db,
  newsletterIds: readonly number[],
  now: Date,
  { count }: { count: boolean },
): Promise<boolean> {
  const by = count ? 1 : 0;
  let surge = false;
  for (const id of newsletterIds) {
    const thisHour = await countWithin(db, `surge:${id}`, hourMs, now, by);
    const thisWeek = await countWithin(db, `usual:${id}`, weekMs, now, by);
    surge ||= thisHour > timesUsual * Math.max(usualPerHourMin, thisWeek / (weekMs / hourMs));
  }
  return surge;
}
