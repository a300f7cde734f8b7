import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { requeue } from './batches.ts';
import { deliveringStates } from './delivery.ts';
import { lockSend } from './queries.ts';
import { ring } from './ring.ts';

/** Deliveries put back per transaction. */
const pageSize = 5_000;
/** An unknown delivery of a newsletter that wants it resent once waits for a late answer first. */
const resendAfterMs = 60_000;

/**
 * Puts deferred deliveries that are due back into the queue, in new batches, and rings for them. Where the newsletter's
 * setting is `resend-once`, an unknown delivery is sent a second time too, with the same Message-ID, and never a third. Safe
 * to run twice and at once: the send's row is held, and each row moves once.
 *
 * @returns how many deliveries went back.
 */
export async function retry(ctx: Context, { editionId }: Payload<'retry'>): Promise<number> {
  let total = 0;
  for (;;) {
    const { batchNos, moved } = await requeuePage(ctx, editionId);
    total += moved;
    await ring(
      ctx,
      'deliver',
      batchNos.map((batchNo) => ({ editionId, batchNo })),
    );
    if (moved < pageSize) break;
  }
  if (total > 0) ctx.log.info({ deed: 'retry', editionId, deliveries: total }, 'put back into the queue');
  return total;
}

function requeuePage(ctx: Context, editionId: number): Promise<{ batchNos: number[]; moved: number }> {
  const now = ctx.clock.now();
  return ctx.db.transaction().execute(async (tx) => {
    const send = await lockSend(tx, editionId);
    if (!send || !deliveringStates.some((state) => state === send.state)) return { batchNos: [], moved: 0 };
    const { unknown_policy } = await tx
      .selectFrom('newsletters')
      .select('unknown_policy')
      .where('id', '=', send.newsletterId)
      .executeTakeFirstOrThrow();
    const doubtfulBefore = new Date(now.getTime() - resendAfterMs);
    const which = sql`d.class is not null and (d.state = 'deferred' and d.due_at <= ${now} or d.state = 'unknown'
      and ${unknown_policy === 'resend-once'} and d.resends = 0 and d.settled_at <= ${doubtfulBefore})`;
    return requeue(tx, editionId, { which, now, limit: pageSize });
  });
}
