import type { Context } from '../context.ts';

/** So long a worker waits for its next turn with a batch in hand. */
const waitMsMax = 5_000;

/**
 * How long until the relays' rates let a delivery begin, if that is too long to wait for with a batch in hand; else 0. The
 * batch then goes back and is due at that time, so that no hand is held for hours.
 */
export function farTurnMs(ctx: Context): number {
  const inMs = ctx.mail.editions.nextTurnInMs();
  return inMs > waitMsMax ? inMs : 0;
}
