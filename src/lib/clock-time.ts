import { DateTime, IANAZone } from 'luxon';

/** Tells the time. Everything but the outermost ring asks it and never the machine. */
export interface Clock {
  now(): Date;
  /** How far it is from this machine's own clock, in milliseconds. */
  offsetMs(): number;
}

/** A wall-clock date, `2026-07-14`. */
export type LocalDate = string;
/** A wall-clock time, `07:00`. */
export type LocalTime = string;

export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/** Whether the text is a real date in the form `2026-07-14`. */
export function isLocalDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && DateTime.fromISO(text, { zone: 'utc' }).isValid;
}

export function localDate(instant: Date, zone: string): LocalDate {
  return DateTime.fromJSDate(instant, { zone }).toFormat('yyyy-MM-dd');
}

/** What a wall clock in the zone shows, to the minute. */
export function localTime(instant: Date, zone: string): LocalTime {
  return DateTime.fromJSDate(instant, { zone }).toFormat('HH:mm');
}

/** The hour that a wall clock in the zone shows, 0 to 23. */
export function localHour(instant: Date, zone: string): number {
  return DateTime.fromJSDate(instant, { zone }).hour;
}

export function addDays(date: LocalDate, days: number): LocalDate {
  return DateTime.fromISO(date, { zone: 'utc' }).plus({ days }).toFormat('yyyy-MM-dd');
}

/** 1 is Monday, 7 is Sunday (ISO 8601). */
export function weekday(date: LocalDate): number {
  return DateTime.fromISO(date, { zone: 'utc' }).weekday;
}

/**
 * The one instant at which a wall clock in the zone shows this date and time. An hour that daylight saving skips moves to
 * the first moment after the gap; an hour it doubles means its first passing. So a slot happens exactly once.
 */
export function instantOf(date: LocalDate, time: LocalTime, zone: string): Date {
  const wanted = `${date}T${time}`;
  const guess = DateTime.fromISO(wanted, { zone });
  if (!guess.isValid) throw new RangeError(`no such local time: ${wanted} in ${zone}`);
  if (guess.toFormat("yyyy-MM-dd'T'HH:mm") !== wanted.slice(0, 16)) return endOfGap(guess);
  const earlier = guess.getPossibleOffsets().reduce((a, b) => (a.toMillis() <= b.toMillis() ? a : b));
  return earlier.toJSDate();
}

/** A zone that crosses the date line skips a whole day. */
const gapHoursMax = 26;

/** Luxon lands after the gap by the gap's length; the next valid moment is where the new offset began. */
function endOfGap(after: DateTime): Date {
  let low = after.minus({ hours: gapHoursMax }).toMillis();
  let high = after.toMillis();
  const offset = after.offset;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2);
    if (DateTime.fromMillis(middle, { zone: after.zone }).offset === offset) high = middle;
    else low = middle;
  }
  return new Date(Math.ceil(low / 60_000) * 60_000);
}
