import fc from 'fast-check';
import { expect, it } from 'vitest';
import { relayRatePerSecond } from '../../src/deliveries/relay-speed.ts';
import type { Rate } from '../../src/lib/rate.ts';
import { parseRelayUrls } from '../../src/platform/mail/relay.ts';
import { type Drawn, type Limits, lookUp, strictest, withGranted } from '../../src/platform/rate/drawn.ts';

const startMs = Date.UTC(2026, 6, 14, 10);
const pieceMs = { second: 1_000, minute: 1_000, hour: 60_000, day: 900_000 };

const rates = fc
  .record(
    {
      second: fc.integer({ min: 1, max: 50 }),
      minute: fc.integer({ min: 10, max: 500 }),
      hour: fc.integer({ min: 50, max: 1_000 }),
      day: fc.integer({ min: 100, max: 2_000 }),
    },
    { requiredKeys: [] },
  )
  .map((counts) => Object.entries(counts).map(([per, count]) => ({ per, count }) as Rate))
  .filter((all) => all.length > 0);

const before = fc.array(
  fc.record({ count: fc.integer({ min: 1, max: 300 }), agoMs: fc.integer({ min: 0, max: 90_000_000 }) }),
  { maxLength: 5 },
);

/** When the ledger grants the last of so many, drawn for as soon and as much as can be, in seconds. */
function granted(mails: number, limits: Limits, drawn: Drawn): number {
  let ledger = drawn;
  let nowMs = startMs;
  for (let left = mails; ; ) {
    const found = lookUp(ledger, limits, left, nowMs);
    if (found.granted > 0) ledger = withGranted(ledger, limits, found.granted, nowMs);
    left -= found.granted;
    if (left === 0) return (nowMs - startMs) / 1_000;
    nowMs = Math.ceil(found.nextAtMs);
  }
}

function foretold(mails: number, all: Rate[], drawn: Drawn): number {
  const perSecond = relayRatePerSecond(
    {
      relays: parseRelayUrls('smtp://a.example').map((relay) => ({ ...relay, rates: all })),
      overall: [],
      drawn: new Map([['relay:a.example:25', drawn]]),
    },
    { mails, from: new Date(startMs) },
  );
  return perSecond === undefined ? 0 : mails / perSecond;
}

// Where one mail more waits for another day, two percent of them stand on either side.
it('what a forecast says of the relays is what the ledger then grants', () => {
  fc.assert(
    fc.property(rates, before, fc.integer({ min: 1, max: 2_000 }), (all, earlier, mails) => {
      const limits = strictest(all);
      const drawn = [...earlier]
        .sort((a, b) => b.agoMs - a.agoMs)
        .reduce<Drawn>((seen, { count, agoMs }) => withGranted(seen, limits, count, startMs - agoMs), {});
      const told = foretold(mails, all, drawn);
      const pieces = (2 * Math.max(...all.map(({ per }) => pieceMs[per]))) / 1_000;
      const fewer = granted(Math.max(1, Math.floor(mails * 0.98) - 2), limits, drawn);
      const more = granted(Math.ceil(mails * 1.02) + 2, limits, drawn);
      expect(told).toBeGreaterThanOrEqual(fewer - pieces);
      expect(told).toBeLessThanOrEqual(more + pieces);
    }),
    { numRuns: 200 },
  );
});
