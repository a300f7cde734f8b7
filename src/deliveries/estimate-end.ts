import { type LaneBooks, sumOfBooks } from './counts.ts';

/**
 * Between when and when a send will be through: a range, since a rate seen so far is no promise. The early end is what is left
 * at the quicker of the two rates seen, but no earlier than a limit or a back-off allows; the late end is at three quarters of
 * the slower, and no earlier than the last retry. At either rate the last hour that readers chose must have come, and its mails
 * have gone out after it. `undefined` while nobody can say: nothing is left, nothing has gone out yet, or a paused lane waits for
 * a person. Pure.
 */
export function estimateEnd(seen: {
  lanes: readonly LaneBooks[];
  ratePerSecond: number;
  averagePerSecond: number;
  limitPerSecond: number | undefined;
  lastDueAt: Date | undefined;
  /** The last hour that readers chose, and for how many mails; `undefined`: all are due. */
  lastHour?: { at: Date; mails: number } | undefined;
  now: Date;
}): { low: Date; high: Date } | undefined {
  const { lanes, ratePerSecond, averagePerSecond, limitPerSecond, lastDueAt, now } = seen;
  const left = leftOf(sumOfBooks(lanes));
  const rates = [ratePerSecond, averagePerSecond].filter((rate) => rate > 0);
  const open = lanes.filter((lane) => leftOf(lane) > 0);
  if (left === 0 || rates.length === 0 || open.some((lane) => lane.state === 'paused')) return undefined;
  const { lastHour } = seen;
  const lastHourSeconds = (perSecond: number) =>
    lastHour ? (lastHour.at.getTime() - now.getTime()) / 1000 + lastHour.mails / perSecond : 0;
  const secondsMin = Math.max(
    limitPerSecond === undefined ? 0 : left / limitPerSecond,
    ...open.map((lane) => laneSecondsMin(lane, now)),
  );
  const quick = Math.max(...rates);
  const slow = Math.min(...rates) * 0.75;
  const low = Math.max(left / quick, lastHourSeconds(quick), secondsMin);
  const high = Math.max(left / slow, lastHourSeconds(slow), low);
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
