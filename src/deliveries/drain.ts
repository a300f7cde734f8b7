import type { Context } from '../context.ts';
import { handsOf } from './hands.ts';

/**
 * Begins no more deliveries in this process: what is on the wire is finished and written down, what was claimed and not begun
 * is given back, and each batch in hand ends within about a second of its last answer. Safe to call twice; there is no way
 * back. Who cannot wait cuts `ctx.mail.editions`: then what had passed its final dot is `unknown`, the rest `queued`.
 */
export function drainDeliveries(ctx: Context): void {
  handsOf(ctx).stopping = true;
}
