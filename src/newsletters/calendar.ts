import { addDays, instantOf, type LocalDate, localDate, weekday } from '../lib/clock-time.ts';

/** When a newsletter goes out, on the wall clock of its own time zone. */
export interface Calendar {
  /** 1 is Monday, 7 is Sunday (ISO 8601); in order, each once. */
  days: number[];
  /** `07:00` */
  time: string;
  /** No edition on these: `12-25` every year, `2026-04-03` once. */
  holidays: string[];
  /** No edition on these dates, once. */
  skipDates: LocalDate[];
}

/** One planned edition: the local date is its identity, the instant follows from it. */
export interface Slot {
  date: LocalDate;
  at: Date;
}

/** When an edition of that date goes out, whether or not the calendar plans one. */
export function slotInstant(calendar: Calendar, date: LocalDate, zone: string): Date {
  return instantOf(date, calendar.time, zone);
}

/** @returns the slot of that date, or `undefined` when no edition is due on it. */
export function slotOn(calendar: Calendar, zone: string, date: LocalDate): Slot | undefined {
  if (!calendar.days.includes(weekday(date)) || calendar.skipDates.includes(date)) return undefined;
  if (calendar.holidays.includes(date) || calendar.holidays.includes(date.slice(5))) return undefined;
  return { date, at: slotInstant(calendar, date, zone) };
}

// Both begin a day early: a clock change at midnight can move a slot to the day after its date.

/**
 * The next slots strictly after `from`, in order. Looks ahead as far as a year of skipped dates can reach; fewer than
 * `count` means that the calendar has no more within that time.
 */
export function nextSlots(calendar: Calendar, zone: string, from: Date, count = 1): Slot[] {
  const slots: Slot[] = [];
  let date = addDays(localDate(from, zone), -1);
  for (let looked = 0; looked < daysAheadMax + count * 7 && slots.length < count; looked += 1) {
    const slot = slotOn(calendar, zone, date);
    if (slot && slot.at.getTime() > from.getTime()) slots.push(slot);
    date = addDays(date, 1);
  }
  return slots;
}

const daysAheadMax = 400;

/** The slots after `from` and up to `to`, in order; at most 400 days of them. */
export function slotsBetween(calendar: Calendar, zone: string, from: Date, to: Date): Slot[] {
  const slots: Slot[] = [];
  const last = localDate(to, zone);
  let date = addDays(localDate(from, zone), -1);
  for (let looked = 0; looked <= daysAheadMax && date <= last; looked += 1) {
    const slot = slotOn(calendar, zone, date);
    if (slot && slot.at > from && slot.at <= to) slots.push(slot);
    date = addDays(date, 1);
  }
  return slots;
}
