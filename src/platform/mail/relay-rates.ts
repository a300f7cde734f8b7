import { isLocalDate } from '../../lib/clock-time.ts';
import { parseRate, type Rate } from '../../lib/rate.ts';
import type { WarmUp } from '../rate/warm-up.ts';

/** Reads `rate=100/s` (repeatable) and `warm-up=2026-07-14` or `2026-07-14:200`. Throws a sentence that says what to do. */
export function readRates(options: URLSearchParams): { rates?: Rate[]; warmUp?: WarmUp } {
  const rates = options.getAll('rate').map(parseRate);
  return { ...(rates.length > 0 ? { rates } : {}), ...readWarmUp(options.get('warm-up')) };
}

function readWarmUp(text: string | null): { warmUp?: WarmUp } {
  if (text === null) return {};
  const [, startsOn = '', firstDay] = /^([\d-]+)(?::([1-9]\d{0,6}))?$/.exec(text) ?? [];
  if (!isLocalDate(startsOn))
    throw new Error('warm-up is the day on which it starts, such as warm-up=2026-07-14 or 2026-07-14:200');
  return { warmUp: { startsOn, ...(firstDay ? { firstDay: Number(firstDay) } : {}) } };
}
