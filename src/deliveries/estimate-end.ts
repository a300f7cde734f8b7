import { type LaneBooks, sumOfBooks } from './counts.ts';

/**
 * Between when and when a send will be through: a range, since a rate seen so far is no promise. The early end is what is left
 * at the quicker of the two rates seen, but no earlier than a limit allows, and of a lane that rests only after its rest; the
 * late end is at three quarters of the slower, and no earlier than the last retry. At either rate the last hour that readers chose must have come, and its mails
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
  const secondsAt = (perSecond: number) =>
    Math.max(
      left / Math.min(perSecond, limitPerSecond ?? Infinity),
      lastHourSeconds(perSecond),
      ...open.map((lane) => laneSeconds(lane, perSecond, now)),
    );
  const low = secondsAt(Math.max(...rates));
  const high = secondsAt(Math.min(...rates) * 0.75);
  const after = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  return { low: after(low), high: lastDueAt && lastDueAt > after(high) ? lastDueAt : after(high) };
}

/** How long the lane takes by itself: the wait that is left, then its rest at this rate or what it is limited to. */
function laneSeconds(lane: LaneBooks, perSecond: number, now: Date): number {
  const waitMs = lane.backOffUntil ? Math.max(0, lane.backOffUntil.getTime() - now.getTime()) : 0;
  return waitMs / 1000 + leftOf(lane) / Math.min(perSecond, lane.limitPerSecond ?? Infinity);
}

function leftOf({ counts }: Pick<LaneBooks, 'counts'>): number {
  return counts.queued + counts.deferred;
}
