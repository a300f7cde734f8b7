import type { Context } from '../src/context.ts';
import { deliver } from '../src/deliveries/deliver.ts';
import { retry } from '../src/deliveries/retry.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { staff } from './staff.ts';

/**
 * Two hands are busy with healthy lanes, whatever their number; the others are for lanes with a limit or in trouble, and for
 * batches that a relay lets wait for their last answers.
 */
export function deliveries(ctx: Context): Workload {
  return staff(ctx, 'deliveries', { hands: 32, deeds: { deliver, retry } });
}
