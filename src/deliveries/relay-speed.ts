import type { Rate } from '../lib/rate.ts';
import { type Relay, relaysFor } from '../platform/mail/relay.ts';
import { warmUpRate } from '../platform/rate/warm-up.ts';

const secondsPer = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const;
const dayMs = 86_400_000;
/** A warm-up is over by then. */
const daysMax = 60;

/**
 * How many mails per second the relays together take of an edition of so many, on average, when it starts at `from`: by the
 * rates of `SMTP_URL`, of each relay its tightest; by the days of its warm-up, each of which allows more than the one before; and
 * by `SMTP_RATE`, which holds for all together. `undefined`: nothing of it limits, or the trap takes them. Pure.
 */
export function relayRatePerSecond(
  relays: readonly Relay[],
  { overall = [], mails, from }: { overall?: readonly Rate[]; mails: number; from: Date },
): number | undefined {
  const bulk = relaysFor('bulk', relays).map((relay) => ({ relay, steady: tightest(relay.rates ?? []) }));
  if (bulk.length === 0) return undefined;
  const all = tightest(overall);
  const together = Math.min(all, sum(bulk.map(({ steady }) => steady)));
  let left = Math.max(1, mails);
  const wanted = left;
  let seconds = 0;
  for (let day = 0; day < daysMax; day += 1) {
    const at = new Date(from.getTime() + seconds * 1000);
    const secondsLeft = (dayMs - (at.getTime() % dayMs)) / 1000;
    const taken = bulk.map(({ relay, steady }) => Math.min(steady * secondsLeft, dayMax(relay, at)));
    const total = Math.min(all * secondsLeft, sum(taken));
    if (total >= left) break;
    left -= total;
    seconds += secondsLeft;
  }
  seconds += left / together;
  return seconds > 0 ? wanted / seconds : undefined;
}

function dayMax({ warmUp }: Relay, at: Date): number {
  return (warmUp && warmUpRate(warmUp, at)?.count) ?? Number.POSITIVE_INFINITY;
}

function tightest(rates: readonly Rate[]): number {
  return Math.min(...rates.map(({ count, per }) => count / secondsPer[per]));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
