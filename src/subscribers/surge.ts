import type { Db } from '../platform/db/database.ts';
import { countWithin } from '../platform/db/limits.ts';

const hourMs = 60 * 60_000;
const weekMs = 7 * 24 * hourMs;
/** So many times the usual is no good day any more. */
const timesUsual = 20;
/** Of a newsletter that is new or small the usual is not known well: fewer than this an hour are never a surge by themselves. */
const usualPerHourMin = 50;

/** Counted in memory for so long and then written in one: in a rush every sign-up would wait for the same two rows. */
const writtenEveryMs = 200;

interface Unwritten {
  signUps: number;
  writtenAtMs: number;
}

const unwritten = new WeakMap<Db, Map<number, Unwritten>>();

/**
 * Whether one of the newsletters gets more than twenty times its usual sign-ups of an hour. `count` counts one more for each;
 * without it the question changes nothing. What this process counted last is written with the next sign-up; should none come,
 * a few are missing, and it was no surge.
 */
export async function inSurge(
  db: Db,
  newsletterIds: readonly number[],
  now: Date,
  { count }: { count: boolean },
): Promise<boolean> {
  let surge = false;
  for (const id of newsletterIds) {
    const { by, pending } = toWrite(db, id, count ? 1 : 0);
    const thisHour = await countWithin(db, `surge:${id}`, hourMs, now, by);
    const thisWeek = await countWithin(db, `usual:${id}`, weekMs, now, by);
    surge ||= thisHour + pending > timesUsual * Math.max(usualPerHourMin, thisWeek / (weekMs / hourMs));
  }
  return surge;
}

/** How many are to be written now, and how many wait. */
function toWrite(db: Db, newsletterId: number, more: number): { by: number; pending: number } {
  const here = unwritten.get(db) ?? new Map<number, Unwritten>();
  unwritten.set(db, here);
  const nowMs = performance.now();
  const { signUps, writtenAtMs } = here.get(newsletterId) ?? {
    signUps: 0,
    writtenAtMs: Number.NEGATIVE_INFINITY,
  };
  const waiting = signUps + more;
  const isDue = more > 0 && nowMs - writtenAtMs >= writtenEveryMs;
  here.set(newsletterId, isDue ? { signUps: 0, writtenAtMs: nowMs } : { signUps: waiting, writtenAtMs });
  return isDue ? { by: waiting, pending: 0 } : { by: 0, pending: waiting };
}
