import type { Context } from '../src/context.ts';
import { gatherData } from '../src/insight/gather-data.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { prune } from './prune.ts';
import { rescue } from './rescue.ts';
import { staff } from './staff.ts';
import { tick } from './tick.ts';

/** What a reader asks for now and then, and what the clock rings: slots and polls that are due, what was dropped, what has had its day. */
export function upkeep(ctx: Context): Workload {
  return staff(ctx, 'upkeep', { hands: 1, deeds: { tick, rescue, prune, 'gather-data': gatherData } });
}
