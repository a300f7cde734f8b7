import type { Db } from '../platform/db/database.ts';
import { countWithin } from '../platform/db/limits.ts';

const hourMs = 60 * 60_000;
const weekMs = 7 * 24 * hourMs;
/** So many times the usual is no good day any more. */
const timesUsual = 20;
/** Of a newsletter that is new or small the usual is not known well: fewer than this an hour are never a surge by themselves. */
const usualPerHourMin = 50;

/** The ledger is written and asked so often at most: in a rush every sign-up and every page would wait for the same two rows. */
const rememberedMs = 200;

interface Usage {
  askedAtMs: number;
  /** What the ledger said then. */
  ledger: Promise<{ thisHour: number; thisWeek: number }>;
  /** Counted here since then. */
  unwritten: number;
}

const remembered = new WeakMap<Db, Map<number, Usage>>();

/**
 * Whether one of the newsletters gets more than twenty times its usual sign-ups of an hour, as known 200 ms ago at most.
 * `count` counts one more for each. What this process counted last is written with the next question; should none come, a few
 * are missing, and it was no surge.
 */
export async function inSurge(
  db: Db,
  newsletterIds: readonly number[],
  now: Date,
  { count }: { count: boolean },
): Promise<boolean> {
  const surges = await Promise.all(newsletterIds.map((id) => surging(db, id, now, count ? 1 : 0)));
  return surges.includes(true);
}

async function surging(db: Db, newsletterId: number, now: Date, more: number): Promise<boolean> {
  const here = remembered.get(db) ?? new Map<number, Usage>();
  remembered.set(db, here);
  const last = here.get(newsletterId);
  const counted = (last?.unwritten ?? 0) + more;
  const isFresh = last !== undefined && Math.abs(now.getTime() - last.askedAtMs) < rememberedMs;
  const usage = isFresh ? last : ask(db, newsletterId, now, counted);
  if (isFresh) last.unwritten = counted;
  here.set(newsletterId, usage);
  const { thisHour, thisWeek } = await usage.ledger;
  const usualPerHour = Math.max(usualPerHourMin, thisWeek / (weekMs / hourMs));
  return thisHour + usage.unwritten > timesUsual * usualPerHour;
}

/** Writes what was counted and asks what all have; should it fail, the next one does both. */
function ask(db: Db, newsletterId: number, now: Date, counted: number): Usage {
  const ledger = Promise.all([
    countWithin(db, `surge:${newsletterId}`, hourMs, now, counted),
    countWithin(db, `usual:${newsletterId}`, weekMs, now, counted),
  ]).then(([thisHour, thisWeek]) => ({ thisHour, thisWeek }));
  const usage: Usage = { askedAtMs: now.getTime(), ledger, unwritten: 0 };
  ledger.catch(() => {
    usage.askedAtMs = Number.NEGATIVE_INFINITY;
    usage.unwritten += counted;
  });
  return usage;
}
