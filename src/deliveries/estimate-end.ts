import { type LaneBooks, sumOfBooks } from './counts.ts';

/**
 * Between when and when a send will be through: a range, since a rate seen so far is no promise. The early end is what is left
 * at the quicker of the two rates seen, but no earlier than a limit or a back-off allows; the late end is at three quarters of
 * the slower, and no earlier than the last retry. Neither is earlier than the last hour that readers chose. `undefined` while nobody can say: nothing is left, nothing has gone out yet,
 * or a paused lane waits for a person. Pure.
 */
export function estimateEnd(seen: {
  lanes: readonly LaneBooks[];
  ratePerSecond: number;
  averagePerSecond: number;
  limitPerSecond: number | undefined;
  lastDueAt: Date | undefined;
  lastHourAt?: Date | undefined;
  now: Date;
}): { low: Date; high: Date } | undefined {
  const { lanes, ratePerSecond, averagePerSecond, limitPerSecond, lastDueAt, now } = seen;
  const left = leftOf(sumOfBooks(lanes));
  const rates = [ratePerSecond, averagePerSecond].filter((rate) => rate > 0);
  const open = lanes.filter((lane) => leftOf(lane) > 0);
  if (left === 0 || rates.length === 0 || open.some((lane) => lane.state === 'paused')) return undefined;
  const { lastHourAt } = seen;
  const secondsMin = Math.max(
    lastHourAt ? (lastHourAt.getTime() - now.getTime()) / 1000 : 0,
    limitPerSecond === undefined ? 0 : left / limitPerSecond,
    ...open.map((lane) => laneSecondsMin(lane, now)),
  );
  const low = Math.max(left / Math.max(...rates), secondsMin);
  const high = Math.max(left / (Math.min(...rates) * 0.75), low);
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  return { low: after(low), high: lastDueAt && lastDueAt > after(high) ? lastDueAt : after(high) };
}

/** How long the lane takes at the least: the wait that is left, then its rest at the rate it is limited to. */
function laneSecondsMin(lane: LaneBooks, now: Date): number {
  const waitMs = lane.backOffUntil ? Math.max(0, lane.backOffUntil.getTime() - now.getTime()) : 0;
  return waitMs / 1000 + (lane.limitPerSecond === undefined ? 0 : leftOf(lane) / lane.limitPerSecond);
}

function leftOf({ counts }: Pick<LaneBooks, 'counts'>): number {
  return counts.queued + counts.deferred;
}
