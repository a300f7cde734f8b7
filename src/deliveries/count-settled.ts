import type { Context } from '../context.ts';
import type { Answer } from './answer.ts';
import type { Window } from './claim.ts';
import { otherLane, wellKnownLane } from './lane-names.ts';

/**
 * Counts what a window settled, and how long that took, for the metrics page: after it is committed, never before. Lanes are those of the well-known domains
 * and `other`, so that their number stays what it is whoever subscribes.
 */
export function countSettled(
  { metrics }: Pick<Context, 'metrics'>,
  answers: readonly Answer[],
  settled: Window['settled'],
  tookMs: number,
): void {
  metrics.observe('dateline_settle_seconds', {}, tookMs / 1000);
  for (const { settlement, domain } of answers) {
    const { state, subscriberId } = settlement;
    if (state === 'queued' || !settled.has(subscriberId)) continue;
    metrics.count('dateline_deliveries_total', { lane: wellKnownLane(domain) ?? otherLane, state });
  }
}
