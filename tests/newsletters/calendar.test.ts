import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { addDays, localDate } from '../../src/lib/clock-time.ts';
import { type Calendar, nextSlots, slotOn, slotsBetween } from '../../src/newsletters/calendar.ts';

const weekdays: Calendar = { days: [1, 2, 3, 4, 5], time: '07:00', holidays: [], skipDates: [] };
const daily: Calendar = { ...weekdays, days: [1, 2, 3, 4, 5, 6, 7] };
const newYork = 'America/New_York';

const zones = [
  'UTC',
  'America/New_York',
  'America/Santiago',
  'America/Sao_Paulo',
  'Europe/London',
  'Europe/Berlin',
  'Asia/Jakarta',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Africa/Cairo',
  'America/Havana',
];

describe('the calendar', () => {
  it('names the next slots, on publishing days only', () => {
    const slots = nextSlots(weekdays, newYork, new Date('2026-07-17T10:00:00Z'), 3);
    expect(slots).toEqual([
      { date: '2026-07-17', at: new Date('2026-07-17T11:00:00Z') },
      { date: '2026-07-20', at: new Date('2026-07-20T11:00:00Z') },
      { date: '2026-07-21', at: new Date('2026-07-21T11:00:00Z') },
    ]);
  });

  it('does not name the slot that is now, nor one of a holiday or a skipped date', () => {
    const at = new Date('2026-07-14T11:00:00Z');
    expect(nextSlots(weekdays, newYork, at)[0]?.date).toBe('2026-07-15');
    expect(nextSlots(weekdays, newYork, new Date(at.getTime() - 1))[0]?.date).toBe('2026-07-14');
    const fewer = { ...weekdays, holidays: ['07-15', '2026-07-16'], skipDates: ['2026-07-17'] };
    expect(nextSlots(fewer, newYork, at)[0]?.date).toBe('2026-07-20');
    expect(slotOn(fewer, newYork, '2027-07-15')).toBeUndefined();
    expect(slotOn(fewer, newYork, '2027-07-16')?.date).toBe('2027-07-16');
    expect(slotOn(weekdays, newYork, '2026-07-18')).toBeUndefined();
  });

  it('ends instead of searching for ever when no slot is left', () => {
    const never = { ...daily, holidays: everyDayOfTheYear() };
    expect(nextSlots(never, 'UTC', new Date('2026-07-14T00:00:00Z'), 5)).toEqual([]);
  });

  it('moves an hour that the clocks skip to the first moment after it', () => {
    const early = { ...daily, time: '02:30' };
    const [slot] = nextSlots(early, newYork, new Date('2026-03-08T05:00:00Z'));
    expect(slot).toEqual({ date: '2026-03-08', at: new Date('2026-03-08T07:00:00Z') });
    const midnight = { ...daily, time: '00:10' };
    expect(slotOn(midnight, 'America/Santiago', '2026-09-06')?.at).toEqual(new Date('2026-09-06T04:00:00Z'));
  });

  it('passes an hour that the clocks double once, the first time', () => {
    const early = { ...daily, time: '01:30' };
    const slots = slotsBetween(
      early,
      newYork,
      new Date('2026-10-31T12:00:00Z'),
      new Date('2026-11-02T12:00:00Z'),
    );
    expect(slots).toEqual([
      { date: '2026-11-01', at: new Date('2026-11-01T05:30:00Z') },
      { date: '2026-11-02', at: new Date('2026-11-02T06:30:00Z') },
    ]);
  });

  it('gives, in every zone and at every hour, one slot a date, in order, at its time unless the clocks skip it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 1439 }),
        fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
        (zone, minute, from) => {
          const time = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
          const slots = nextSlots({ ...daily, time }, zone, from, 5);
          expect(slots).toHaveLength(5);
          slots.forEach(({ date, at }, n) => {
            expect(at.getTime()).toBeGreaterThan(
              n === 0 ? from.getTime() : (slots[n - 1]?.at.getTime() ?? 0),
            );
            if (n > 0) expect(date).toBe(addDays(slots[n - 1]?.date ?? '', 1));
            const shown = DateTime.fromJSDate(at, { zone }).toFormat('yyyy-MM-dd HH:mm');
            const skipped =
              DateTime.fromISO(`${date}T${time}`, { zone }).toFormat('yyyy-MM-dd HH:mm') !==
              `${date} ${time}`;
            if (skipped) expect(shown > `${date} ${time}`).toBe(true);
            else expect(shown).toBe(`${date} ${time}`);
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds between two instants just what it finds one by one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.date({ min: new Date('2024-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
        (zone, from) => {
          const next = nextSlots(daily, zone, from, 4);
          const last = next.at(-1)?.at ?? from;
          expect(slotsBetween(daily, zone, from, last)).toEqual(next);
          expect(localDate(last, zone) >= (next[0]?.date ?? '')).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

function everyDayOfTheYear(): string[] {
  return Array.from({ length: 366 }, (_, n) => addDays('2028-01-01', n).slice(5));
}
