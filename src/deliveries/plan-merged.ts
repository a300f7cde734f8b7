import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { batched } from './batches.ts';
import { knownDomains } from './known-domains.ts';
import { otherLane } from './lane-names.ts';
import { anyMergedReaders, mergedReaders } from './merged-readers.ts';
import { moveBooks, sharedShard } from './move-books.ts';
import { lockSend, type Send, selectSend } from './queries.ts';
import { ring } from './ring.ts';

/**
 * Gives an edition that is going out to readers who stand for another one since it began: what was planned for the other and
 * left out, because nobody writes to a merged reader, is planned for them, in the variant that the other had chosen and due
 * now. Once: their own delivery is one row of that edition, whoever plans it, and its books grow by it. Safe to run twice
 * and at once; and before a page of the fan-out that comes to them.
 *
 * One moment is not caught: while the pages of a send are planned, a reader takes the address of one whose own subscription to
 * that newsletter had ended, and whose page has passed while theirs is still to come. Then nothing was planned for either, and
 * there is no variant to hand on. It takes a merge within that minute; they get the next edition.
 *
 * @returns how many.
 */
export async function planMerged(ctx: Context, editionId: number): Promise<number> {
  const now = ctx.clock.now();
  const seen = await selectSend(ctx.db, editionId);
  if (!isGoingOut(seen) || !(await anyMergedReaders(ctx.db, seen, now))) return 0;
  const { planned, batchNos } = await ctx.db.transaction().execute(async (tx) => {
    const send = await lockSend(tx, editionId);
    if (!isGoingOut(send)) return { planned: 0, batchNos: [] };
    const { rows } = await sql<{ planned: number; batch_nos: number[] | null }>`
      with merged as materialized (select * from ${mergedReaders(send, now)} as merged), planned as (
        insert into deliveries (edition_id, subscriber_id, variant_id, lane, state, due_at, deadline_at)
        select ${editionId}, m.subscriber_id, m.variant_id, coalesce(known.lane, looked.lane, ${otherLane}), 'queued', ${now},
          m.deadline_at
        from merged m left join ${knownDomains()} as known (domain, lane) on known.domain = m.domain
        left join mail_domains looked on looked.domain = m.domain
        on conflict (edition_id, subscriber_id) do nothing
        returning subscriber_id, lane
      ), ${batched(editionId, sql`planned`, now)},
      ${moveBooks(editionId, sharedShard, sql`select lane, null::text, 'queued' from planned`)}
      select (select count(*) from planned) as planned, (select array_agg(no) from batches) as batch_nos`.execute(
      tx,
    );
    return { planned: rows[0]?.planned ?? 0, batchNos: rows[0]?.batch_nos ?? [] };
  });
  ctx.log.info({ deed: 'plan-merged', editionId, planned }, 'planned for whom merged readers became');
  await ring(
    ctx,
    'deliver',
    batchNos.map((batchNo) => ({ editionId, batchNo })),
  );
  return planned;
}

/** Once it has ended, what an operator retries is another matter. */
function isGoingOut(send: Send | undefined): send is Send {
  return send?.frozenAt !== undefined && (send.state === 'sending' || send.state === 'paused');
}
