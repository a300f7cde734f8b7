import type { Context } from '../context.ts';
import type { Answer } from './answer.ts';
import type { Window } from './claim.ts';
import { countedLane } from './lane-names.ts';

/** Counts what a window of a lane settled, and how long that took, for the metrics page: after it is committed, never before. */
export function countSettled(
  { metrics }: Pick<Context, 'metrics'>,
  lane: string,
  answers: readonly Answer[],
  settled: Window['settled'],
  tookMs: number,
): void {
  metrics.observe('dateline_settle_seconds', {}, tookMs / 1000);
  for (const { settlement } of answers) {
    const { state, subscriberId } = settlement;
    if (state === 'queued' || !settled.has(subscriberId)) continue;
    metrics.count('dateline_deliveries_total', { lane: countedLane(lane), state });
  }
}
