import { describe, expect, it } from 'vitest';
import { warmUpRate } from '../../../src/platform/rate/warm-up.ts';

const startsOn = '2026-07-01';
const on = (day: number, firstDay = 50) =>
  warmUpRate({ startsOn, firstDay }, new Date(Date.UTC(2026, 6, day, 23, 59)))?.count;

describe('a relay that is warmed up', () => {
  it('may send more each day, a little over two million on the last, then as much as it likes', () => {
    expect([1, 2, 3, 4, 5].map((day) => on(day))).toEqual([50, 100, 200, 400, 800]);
    expect(on(28)).toBe(2_100_000);
    expect(on(29)).toBeUndefined();
  });

  it('never more than doubles from one day to the next', () => {
    for (let day = 2; day <= 28; day += 1) {
      const growth = (on(day) ?? 0) / (on(day - 1) ?? 0);
      expect(growth).toBeGreaterThan(1.2);
      expect(growth).toBeLessThanOrEqual(2);
    }
  });

  it('grows with its first day, and has that day’s limit before it starts', () => {
    expect([on(1, 1_000), on(2, 1_000), on(28, 1_000)]).toEqual([1_000, 2_000, 42_000_000]);
    expect(on(1, 1)).toBe(1);
    expect(warmUpRate({ startsOn, firstDay: 50 }, new Date('2026-06-20T00:00:00Z'))).toEqual({
      count: 50,
      per: 'day',
    });
  });
});
