import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { requeue } from './batches.ts';
import { deliveringStates } from './delivery.ts';
import { lockSend } from './queries.ts';
import { ring } from './ring.ts';

export interface RetryRequest {
  editionId: number;
  /** A group of failures, by its class (`in-doubt`, `full`); what a domain refused; or one reader. */
  what: { class: string } | { domain: string } | { subscriberId: number };
  by: string;
}

/** A delivery in doubt is sent again at most so often. */
const resendsMax = 3;
const pageSize = 5_000;

/**
 * Sends refused or unknown deliveries once more, because an operator said so: with the same Message-ID, a fresh deadline, and
 * every guard asked again. Never one that was accepted. An unknown one may arrive twice; it is resent three times at most.
 * A domain gets what it refused, and nothing that is unknown: who names a domain has not looked at those. Works on a send that is under way or has been sent. Run twice, it does nothing more until they fail again.
 *
 * @returns how many deliveries went back into the queue.
 * @throws Refusal 404; 409 `wrong_state` when the send is paused, cancelled or has not begun.
 */
export async function retryFailures(ctx: Context, request: RetryRequest): Promise<number> {
  const { editionId, what, by } = request;
  const which = sql`d.class is not null and d.state in ('refused', 'unknown') and d.resends < ${resendsMax} and ${chosen(what)}`;
  let total = 0;
  for (;;) {
    const { batchNos, moved } = await requeuePage(ctx, editionId, which);
    total += moved;
    await ring(
      ctx,
      'deliver',
      batchNos.map((batchNo) => ({ editionId, batchNo })),
    );
    if (moved < pageSize) break;
  }
  ctx.log.info(
    { deed: 'retry-failures', editionId, by, deliveries: total },
    'failures put back into the queue',
  );
  return total;
}

function chosen(what: RetryRequest['what']) {
  if ('class' in what) return sql`coalesce(d.class, 'unknown') = ${what.class}`;
  if ('subscriberId' in what) return sql`d.subscriber_id = ${what.subscriberId}`;
  return sql`d.state = 'refused' and exists (select from subscribers s
    where s.id = d.subscriber_id and split_part(s.email_key, '@', 2) = ${what.domain})`;
}

function requeuePage(
  ctx: Context,
  editionId: number,
  which: ReturnType<typeof sql>,
): Promise<{ batchNos: number[]; moved: number }> {
  const now = ctx.clock.now();
  return ctx.db.transaction().execute(async (tx) => {
    const send = await lockSend(tx, editionId);
    if (!send) throw new Refusal(404, 'no_such_send', 'There is no such send.');
    if (!deliveringStates.some((state) => state === send.state)) {
      throw new Refusal(
        409,
        'wrong_state',
        `The edition is ${send.state}; this needs it to be sending or sent.`,
      );
    }
    const { deadline_hours } = await tx
      .selectFrom('newsletters')
      .select('deadline_hours')
      .where('id', '=', send.newsletterId)
      .executeTakeFirstOrThrow();
    const deadlineAt = new Date(now.getTime() + deadline_hours * 3_600_000);
    await tx.updateTable('sends').set({ verified_at: null }).where('edition_id', '=', editionId).execute();
    return requeue(tx, editionId, { which, now, limit: pageSize, deadlineAt });
  });
}
