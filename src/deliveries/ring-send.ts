import type { Context } from '../context.ts';
import { freeBatches } from './batches.ts';
import { selectSend } from './queries.ts';
import { ring } from './ring.ts';

const bellsMax = 10_000;

/** Rings every bell that a send may be waiting for: its fan-out if that is unfinished, and its batches that are free and due. */
export async function ringSend(ctx: Context, editionId: number): Promise<number> {
  const send = await selectSend(ctx.db, editionId);
  if (!send) return 0;
  if (send.frozenAt && !send.fannedOutAt) {
    await ring(ctx, 'fan-out', [{ editionId, after: send.fanOutAfter }]);
  }
  const batches = await freeBatches(ctx.db, { editionId, now: ctx.clock.now(), limit: bellsMax });
  await ring(ctx, 'deliver', batches);
  return batches.length;
}
