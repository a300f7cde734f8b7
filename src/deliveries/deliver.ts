import type { Context } from '../context.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { farTurnMs } from './far-turn.ts';
import { finish } from './finish.ts';
import { batchName, factsOf, handsOf } from './hands.ts';
import { endBatch, leaseBatch } from './queries.ts';
import { ring } from './ring.ts';
import { sendBatch, type Tally } from './send-batch.ts';

export type Delivered =
  /** The batch is through. `lost`: another worker took it over meanwhile, believing this one dead. */
  | { kind: 'done' | 'freed' | 'lost'; tally: Tally }
  /** Done, held by another, not due, its edition not sending, or the relays' rates used up: nothing was done. */
  | { kind: 'not_to_be_had' };

/** A batch that was not finished is due again after this: soon for others, later when no relay answers, or at its turn. */
const againAfterMs = { usually: 1_000, relaysAway: 60_000 };

/**
 * Delivers one batch of an edition: leases it, sends it window by window (`sendBatch`), ends it. Safe to ring twice, on one
 * process or several: one holds the lease, and each delivery is claimed by a conditional update of its own.
 *
 * @throws Error when the database was away for minutes; the lease is then freed by `rescue`.
 */
export async function deliver(ctx: Context, { editionId, batchNo }: Payload<'deliver'>): Promise<Delivered> {
  const { workerId } = ctx;
  if (workerId === undefined)
    throw new Error('deliveries need a registered worker: leases are held under it');
  const hands = handsOf(ctx);
  const name = batchName(editionId, batchNo);
  if (hands.stopping || hands.batches.has(name)) return { kind: 'not_to_be_had' };
  const turnInMs = farTurnMs(ctx);
  if (turnInMs > 0) {
    await ring(ctx, 'deliver', [{ editionId, batchNo }], { delayMs: turnInMs });
    return { kind: 'not_to_be_had' };
  }
  hands.batches.add(name);
  try {
    const subscriberIds = await leaseBatch(ctx.db, { editionId, batchNo, workerId }, ctx.clock.now());
    if (!subscriberIds) return { kind: 'not_to_be_had' };
    const { newsletterId } = await factsOf(ctx, editionId);
    const lease = { editionId, batchNo, newsletterId, workerId };
    const tally = await sendBatch(ctx, lease, subscriberIds);
    const now = ctx.clock.now();
    const delayMs =
      hands.relays.awayMs() > 0 ? againAfterMs.relaysAway : farTurnMs(ctx) || againAfterMs.usually;
    const kind = await endBatch(ctx.db, lease, now, new Date(now.getTime() + delayMs));
    const { dueAgainAt, ...counts } = tally;
    ctx.log.info({ deed: 'deliver', editionId, batchNo, ended: kind, ...counts }, 'delivered');
    await finish(ctx, editionId);
    if (kind === 'freed') await ring(ctx, 'deliver', [{ editionId, batchNo }], { delayMs });
    if (dueAgainAt) {
      await ring(ctx, 'retry', [{ editionId }], { delayMs: dueAgainAt.getTime() - now.getTime() });
    }
    return { kind, tally };
  } finally {
    hands.batches.delete(name);
  }
}
