import fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import { addDays, instantOf, isLocalDate, localDate, weekday } from '../../src/lib/clock-time.ts';

describe('the instant of a wall-clock time', () => {
  it('moves an hour that daylight saving skips to the first moment after the gap', () => {
    expect(instantOf('2026-03-08', '02:30', 'America/New_York').toISOString()).toBe(
      '2026-03-08T07:00:00.000Z',
    );
    expect(instantOf('2026-03-29', '02:15', 'Europe/Berlin').toISOString()).toBe('2026-03-29T01:00:00.000Z');
    // A gap of half an hour.
    expect(instantOf('2026-10-04', '02:10', 'Australia/Lord_Howe').toISOString()).toBe(
      '2026-10-03T15:30:00.000Z',
    );
  });

  it('takes the first passing of an hour that daylight saving doubles', () => {
    expect(instantOf('2026-11-01', '01:30', 'America/New_York').toISOString()).toBe(
      '2026-11-01T05:30:00.000Z',
    );
    expect(instantOf('2026-10-25', '02:30', 'Europe/Berlin').toISOString()).toBe('2026-10-25T00:30:00.000Z');
  });

  it('is the plain one everywhere else', () => {
    expect(instantOf('2026-07-14', '07:00', 'Asia/Jakarta').toISOString()).toBe('2026-07-14T00:00:00.000Z');
    expect(() => instantOf('2026-02-30', '07:00', 'UTC')).toThrow(RangeError);
  });

  it('comes exactly once a day, in order, in every zone', () => {
    const zones = [
      'America/New_York',
      'Europe/Berlin',
      'Asia/Jakarta',
      'Australia/Lord_Howe',
      'America/Sao_Paulo',
      'Africa/Casablanca',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.integer({ min: 0, max: 700 }),
        (zone, hour, minute, day) => {
          const date = addDays('2025-06-01', day);
          const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
          const at = instantOf(date, time, zone);
          expect(instantOf(addDays(date, 1), time, zone).getTime()).toBeGreaterThan(at.getTime());
          const shown = DateTime.fromJSDate(at, { zone });
          const isExact = shown.toFormat('yyyy-MM-dd HH:mm') === `${date} ${time}`;
          // Otherwise it is the end of a gap: a second earlier the offset was another one.
          expect(isExact || shown.minus({ seconds: 1 }).offset !== shown.offset).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('local dates', () => {
  it('know real dates, weekdays and neighbours', () => {
    expect([isLocalDate('2026-02-29'), isLocalDate('2028-02-29'), isLocalDate('2026-7-1')]).toEqual([
      false,
      true,
      false,
    ]);
    expect(weekday('2026-07-14')).toBe(2);
    expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(localDate(new Date('2026-07-14T23:30:00Z'), 'Asia/Jakarta')).toBe('2026-07-15');
  });
});
