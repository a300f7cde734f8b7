import type { Edition } from '../editions/edition.ts';
import { addDays, instantOf, isTimeZone, localDate, localHour } from '../lib/clock-time.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';

/** A time of day that readers share: their zone (`undefined`: the newsletter's) and hour (`undefined`: as soon as it is ready). */
export interface ReaderHour {
  zone: string | undefined;
  hour: number | undefined;
}

/** The same as a statement tells it: '' and -1 stand for none. */
export interface HourKey {
  zone: string;
  hour: number;
}

/** Nobody's mail arrives after this hour because their own had passed. */
const lateHour = 23;

/**
 * When an edition that is ready at `readyAt` is due for who wants it at an hour of their own. At that hour of their day; at
 * once when it has passed; after 23.00 on their clock, at the hour of the next morning. A weekly edition belongs to one date:
 * everyone gets it on that date of their own calendar, and who has no hour gets it at the newsletter's. An hour that daylight
 * saving skips is the first moment after it, one that it doubles is its first passing. Pure.
 */
export function dueAt(
  want: ReaderHour,
  edition: Pick<Edition, 'kind' | 'slotDate'>,
  newsletter: Pick<Newsletter, 'timeZone' | 'calendar'>,
  readyAt: Date,
): Date {
  const zone = zoneOf(want, newsletter);
  const weekly = edition.kind === 'weekly';
  const time = want.hour === undefined ? weekly && newsletter.calendar.time : clock(want.hour);
  if (time === false) return readyAt;
  const today = weekly ? edition.slotDate : localDate(readyAt, zone);
  const due = instantOf(today, time, want.hour === undefined ? newsletter.timeZone : zone);
  if (due > readyAt) return due;
  if (localHour(readyAt, zone) < lateHour) return readyAt;
  return instantOf(addDays(localDate(readyAt, zone), 1), time, zone);
}

export function wantOf({ zone, hour }: HourKey): ReaderHour {
  return { zone: zone || undefined, hour: hour < 0 ? undefined : hour };
}

/** A zone that the world has given up since it was chosen is the newsletter's. */
export function zoneOf({ zone }: Pick<ReaderHour, 'zone'>, newsletter: Pick<Newsletter, 'timeZone'>): string {
  return zone !== undefined && isTimeZone(zone) ? zone : newsletter.timeZone;
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}
