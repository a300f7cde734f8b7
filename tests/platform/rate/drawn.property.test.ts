import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Rate } from '../../../src/lib/rate.ts';
import {
  type Drawn,
  type Limits,
  lookUp,
  strictest,
  withGranted,
  withReturned,
} from '../../../src/platform/rate/drawn.ts';

const lengthMs = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const startMs = Date.UTC(2026, 6, 14, 10);

interface Granted {
  atMs: number;
  count: number;
}

/** Draws at given moments, sometimes gives a part back later, and notes what was kept. */
function run(limits: Limits, steps: { waitMs: number; wanted: number; keep: number }[]): Granted[] {
  let drawn: Drawn = {};
  let nowMs = startMs;
  const granted: Granted[] = [];
  for (const { waitMs, wanted, keep } of steps) {
    nowMs += waitMs;
    const before = granted.at(-1);
    if (before && keep < before.count) {
      const count = before.count - keep;
      drawn = withReturned(drawn, limits, { count, atMs: before.atMs }, nowMs);
      before.count = keep;
    }
    const found = lookUp(drawn, limits, wanted, nowMs);
    expect(found.granted).toBeLessThanOrEqual(wanted);
    if (found.granted === 0) continue;
    drawn = withGranted(drawn, limits, found.granted, nowMs);
    granted.push({ atMs: nowMs, count: found.granted });
  }
  return granted;
}

/** The most that any stretch of that length holds. */
function most(granted: readonly Granted[], stretchMs: number): number {
  return Math.max(
    0,
    ...granted.map(({ atMs: fromMs }) =>
      granted
        .filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + stretchMs)
        .reduce((sum, { count }) => sum + count, 0),
    ),
  );
}

const step = fc.record({
  waitMs: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 40_000 }), fc.constant(0)),
  wanted: fc.integer({ min: 1, max: 60 }),
  keep: fc.oneof(
    { weight: 3, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
    fc.integer({ min: 0, max: 9 }),
  ),
});
const steps = fc.array(step, { minLength: 20, maxLength: 200 });

it('no stretch of time ever holds more than a rate per minute, hour or day allows', () => {
  const rate = fc.record<Rate>({
    count: fc.integer({ min: 1, max: 200 }),
    per: fc.constantFrom('minute', 'hour', 'day'),
  });
  fc.assert(
    fc.property(fc.array(rate, { minLength: 1, maxLength: 3 }), steps, (rates, taken) => {
      const granted = run(strictest(rates), taken);
      for (const { count, per } of rates) expect(most(granted, lengthMs[per])).toBeLessThanOrEqual(count);
    }),
    { numRuns: 300 },
  );
});

it('no stretch of time ever holds more than a rate per second and a quarter of a second allow', () => {
  const count = fc.oneof(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0.01, max: 9, noNaN: true }));
  fc.assert(
    fc.property(count, steps, fc.integer({ min: 1, max: 60_000 }), (perSecond, taken, stretchMs) => {
      const granted = run({ second: perSecond }, taken);
      const ahead = Math.max(0.25 * perSecond, 1);
      expect(most(granted, stretchMs)).toBeLessThanOrEqual((stretchMs / 1_000) * perSecond + ahead + 0.001);
    }),
    { numRuns: 500 },
  );
});

it('whoever asks again when he is told to gets what the rate promises, to within five parts in a hundred', () => {
  const rate = fc.oneof(
    fc.record<Rate>({ count: fc.integer({ min: 1, max: 2_000 }), per: fc.constant('second') }),
    fc.record<Rate>({ count: fc.double({ min: 0.05, max: 20, noNaN: true }), per: fc.constant('second') }),
    fc.record<Rate>({
      count: fc.integer({ min: 1, max: 2_000 }),
      per: fc.constantFrom('minute', 'hour', 'day'),
    }),
  );
  fc.assert(
    fc.property(rate, fc.integer({ min: 0, max: 500 }), ({ count, per }, more) => {
      const limits = strictest([{ count, per }]);
      const wanted = 2 * Math.ceil(count) + 2 + more;
      // Long enough for what stands at its ends not to matter.
      const untilMs = startMs + lengthMs[per] * (per === 'second' ? Math.max(60, 200 / count) : 40);
      let drawn: Drawn = {};
      let total = 0;
      for (let nowMs = startMs; nowMs < untilMs; ) {
        const found = lookUp(drawn, limits, wanted, nowMs);
        drawn = withGranted(drawn, limits, found.granted, nowMs);
        total += found.granted;
        expect(Math.ceil(found.nextAtMs)).toBeGreaterThan(nowMs);
        nowMs = Math.ceil(found.nextAtMs);
      }
      const promised = (count * (untilMs - startMs)) / lengthMs[per];
      expect(total).toBeGreaterThanOrEqual(0.95 * promised - 1);
      expect(total).toBeLessThanOrEqual(1.05 * promised + 1);
    }),
    { numRuns: 60 },
  );
});

it('grants at the instant that it named, where fractions of a millisecond are lost in adding up', () => {
  const drawn = { second: 1784023395142.5715 };
  expect(lookUp(drawn, { second: 14 }, 9, 1784023394964)).toMatchObject({ granted: 1 });
});

it('a clock that was set back stops nobody for longer than one window', () => {
  const limits = strictest([
    { count: 5, per: 'second' },
    { count: 60, per: 'minute' },
  ]);
  const drawn = withGranted({}, limits, 60, startMs);
  expect(lookUp(drawn, limits, 1, startMs - 30_000).granted).toBe(0);
  expect(lookUp(drawn, limits, 1, startMs - 61_000).granted).toBe(1);
});

it('what nobody has drawn in is as good as new, whatever rate it had', () => {
  const slow = withGranted({}, { second: 0.001 }, 1, startMs);
  expect(lookUp(slow, { second: 0.001 }, 1, startMs + 500_000)).toMatchObject({
    granted: 0,
    nextAtMs: startMs + 1_000_000,
  });
  expect(lookUp(slow, { second: 40 }, 100, startMs + 2_000).granted).toBe(10);
});
