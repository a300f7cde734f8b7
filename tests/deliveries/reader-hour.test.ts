import { describe, expect, it } from 'vitest';
import { dueAt } from '../../src/deliveries/reader-hour.ts';

const calendar = { days: [1, 2, 3, 4, 5], time: '07:00', holidays: [], skipDates: [] };
const newYork = { timeZone: 'America/New_York', calendar };
const regular = { kind: 'regular' as const, slotDate: '2026-07-14' };
/** 07.00 in New York. */
const ready = new Date('2026-07-14T11:00:00Z');

describe("a reader's own hour", () => {
  it('is at once for who chose none', () => {
    expect(dueAt({ zone: 'Asia/Jakarta', hour: undefined }, regular, newYork, ready)).toEqual(ready);
  });

  it('is that hour of their day, or at once when it has passed', () => {
    expect(at('America/Los_Angeles', 8)).toBe('2026-07-14T15:00:00.000Z');
    expect(at('Asia/Jakarta', 20)).toBe('2026-07-14T13:00:00.000Z');
    expect(at('Asia/Jakarta', 7)).toBe(ready.toISOString());
    expect(at(undefined, 6)).toBe(ready.toISOString());
  });

  it('is the next morning after 23.00 on their clock, and this one before dawn', () => {
    const late = new Date('2026-07-14T16:30:00Z');
    expect(dueAt({ zone: 'Asia/Jakarta', hour: 7 }, regular, newYork, late).toISOString()).toBe(
      '2026-07-15T00:00:00.000Z',
    );
    const night = new Date('2026-07-14T19:00:00Z');
    expect(dueAt({ zone: 'Asia/Jakarta', hour: 7 }, regular, newYork, night).toISOString()).toBe(
      '2026-07-15T00:00:00.000Z',
    );
  });

  it('takes a zone that is none for the newsletter’s', () => {
    expect(at('Mars/Olympus', 8)).toBe('2026-07-14T12:00:00.000Z');
  });

  it('R35 happens once where daylight saving skips the hour, and once where it doubles it', () => {
    const sunday = (slotDate: string, time: string) =>
      dueAt(
        { zone: undefined, hour: undefined },
        { kind: 'weekly', slotDate },
        { ...newYork, calendar: { ...calendar, time } },
        new Date(`${slotDate}T00:00:00Z`),
      ).toISOString();
    expect(sunday('2026-03-08', '02:30')).toBe('2026-03-08T07:00:00.000Z');
    expect(sunday('2026-11-01', '01:30')).toBe('2026-11-01T05:30:00.000Z');
    expect(weekly('America/New_York', 7, '2026-03-08')).toBe('2026-03-08T11:00:00.000Z');
    expect(weekly('America/New_York', 7, '2026-11-01')).toBe('2026-11-01T12:00:00.000Z');
    // In 2011 Samoa had no 30 December at all: its readers got it at the first moment after.
    expect(weekly('Pacific/Apia', 7, '2011-12-30')).toBe('2011-12-30T10:00:00.000Z');
  });
});

function at(zone: string | undefined, hour: number): string {
  return dueAt({ zone, hour }, regular, newYork, ready).toISOString();
}

function weekly(zone: string, hour: number, slotDate: string): string {
  const readyAt = new Date(new Date(`${slotDate}T00:00:00Z`).getTime() - 86_400_000);
  return dueAt({ zone, hour }, { kind: 'weekly', slotDate }, newYork, readyAt).toISOString();
}
