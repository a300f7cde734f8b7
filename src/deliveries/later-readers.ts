import type { Edition } from '../editions/edition.ts';
import { localTime } from '../lib/clock-time.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { dueAt, type HourKey, wantOf, zoneOf } from './reader-hour.ts';

/** Readers who share zone and hour, and are due only after the edition is ready. */
export interface LaterReaders {
  readers: number;
  dueAt: Date;
  /** That instant on their clock: `21.00 Asia/Jakarta`. */
  hour: string;
}

/** Of all these readers those whose hour is still to come when the edition is ready, the first of them first. Pure. */
export function laterReaders(
  hours: readonly (HourKey & { readers: number })[],
  at: { edition: Edition; newsletter: Newsletter; readyAt: Date },
): LaterReaders[] {
  const { edition, newsletter, readyAt } = at;
  return hours
    .map((one) => {
      const want = wantOf(one);
      const due = dueAt(want, edition, newsletter, readyAt);
      // Who chose no hour gets a weekly edition at the newsletter's.
      const zone = zoneOf(want.hour === undefined ? { zone: undefined } : want, newsletter);
      return { readers: one.readers, dueAt: due, hour: `${localTime(due, zone).replace(':', '.')} ${zone}` };
    })
    .filter((one) => one.dueAt > readyAt)
    .sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime());
}
