import type { Context } from '../src/context.ts';
import { fanOut } from '../src/deliveries/fan-out.ts';
import { startSend } from '../src/deliveries/start-send.ts';
import { assemble } from '../src/editions/assemble.ts';
import { compose } from '../src/editions/compose.ts';
import type { Workload } from '../src/platform/queue/work.ts';
import { staff } from './staff.ts';

/** What a job assembles is the calendar's: it sends itself at its slot. */
export function editions(ctx: Context): Workload {
  return staff(ctx, 'editions', {
    hands: 2,
    deeds: {
      assemble: (context, slot) => assemble(context, { ...slot, scheduled: true }),
      compose,
      'start-send': startSend,
      'fan-out': fanOut,
    },
  });
}
