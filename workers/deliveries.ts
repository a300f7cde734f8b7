import type { Context } from '../src/context.ts';
import { deliver } from '../src/deliveries/deliver.ts';
import { retry } from '../src/deliveries/retry.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { staff } from './staff.ts';

/** Two batches in hand keep the connections busy: while one is claimed the other is on the wire. */
export function deliveries(ctx: Context): Workload {
  return staff(ctx, 'deliveries', { hands: 2, deeds: { deliver, retry } });
}
