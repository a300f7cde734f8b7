import type { Context } from '../src/context.ts';
import { deliver } from '../src/deliveries/deliver.ts';
import { retry } from '../src/deliveries/retry.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { staff } from './staff.ts';

/**
 * A lane has two batches in hand at most: while one is claimed the other is on the wire. With hands for sixteen lanes one
 * that rests or crawls never keeps another waiting; what bounds the work is the process's permits.
 */
export function deliveries(ctx: Context): Workload {
  return staff(ctx, 'deliveries', { hands: 32, deeds: { deliver, retry } });
}
