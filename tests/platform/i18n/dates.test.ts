import { describe, expect, it } from 'vitest';
import {
  clockTime,
  hourTime,
  listOf,
  longDate,
  plainDate,
  weekdayName,
} from '../../../src/platform/i18n/dates.ts';

const morning = new Date('2026-07-14T01:12:00Z');

describe('dates in words', () => {
  it('writes the long date as each language does, in the zone of the edition', () => {
    expect(longDate('en', morning, 'Asia/Jakarta')).toBe('Tuesday 14 July 2026');
    expect(longDate('id', morning, 'Asia/Jakarta')).toBe('Selasa, 14 Juli 2026');
    expect(longDate('en', morning, 'America/New_York')).toBe('Monday 13 July 2026');
  });

  it('writes the plain date and the weekday', () => {
    expect(plainDate('en', morning, 'Asia/Jakarta')).toBe('14 July 2026');
    expect(plainDate('id', morning, 'Asia/Jakarta')).toBe('14 Juli 2026');
    expect(weekdayName('id', morning, 'Asia/Jakarta')).toBe('Selasa');
  });

  it('writes the time with the zone that readers know', () => {
    expect(clockTime('id', morning, 'Asia/Jakarta')).toBe('08.12 WIB');
    expect(clockTime('id', morning, 'Asia/Makassar')).toBe('09.12 WITA');
    expect(clockTime('id', morning, 'Asia/Jayapura')).toBe('10.12 WIT');
    expect(clockTime('en', morning, 'Asia/Jakarta')).toBe('08:12 WIB');
    expect(clockTime('en', morning, 'America/New_York')).toBe('21:12 EDT');
    expect(clockTime('en', morning, 'Europe/London')).toBe('02:12 BST');
    expect(clockTime('en', morning, 'UTC')).toBe('01:12 UTC');
  });

  it('writes midnight as 00 and not as 24', () => {
    expect(hourTime('en', new Date('2026-07-14T00:00:00Z'), 'UTC')).toBe('00:00');
    expect(hourTime('id', new Date('2026-07-14T00:00:00Z'), 'UTC')).toBe('00.00');
  });

  it('lists names as people do', () => {
    expect(listOf('en', ['A', 'B', 'C'])).toBe('A, B and C');
    expect(listOf('id', ['A', 'B', 'C'])).toBe('A, B, dan C');
    expect(listOf('en', ['A'])).toBe('A');
  });
});
