import type { Context } from '../context.ts';
import { countedLane } from './lane-names.ts';

/**
 * Counts deliveries that became `unknown` because their worker is gone, for the metrics page of who found them: their own
 * process can count nothing any more. `lanes` has the lane of each.
 */
export function countLost({ metrics }: Pick<Context, 'metrics'>, lanes: readonly string[]): void {
  for (const lane of lanes)
    metrics.count('dateline_deliveries_total', { lane: countedLane(lane), state: 'unknown' });
}
