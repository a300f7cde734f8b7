import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { batched } from './batches.ts';
import type { Lease } from './claim.ts';
import { moveBooks, sharedShard } from './move-books.ts';
import { lockSend } from './queries.ts';
import { ring } from './ring.ts';

/**
 * Moves readers whose domain has trouble out of the lane that many domains share, into batches of their own lane, and the
 * books with them; so nobody else waits for that domain. Only deliveries that are still queued move. Safe to run twice.
 */
export async function setApart(ctx: Context, lease: Lease, subscriberIds: readonly number[]): Promise<void> {
  const { editionId, batchNo } = lease;
  const now = ctx.clock.now();
  const batchNos = await ctx.db.transaction().execute(async (tx) => {
    await lockSend(tx, editionId);
    const { rows } = await sql<{ batch_nos: number[] | null }>`
      with moved as (
        update deliveries d set lane = split_part(s.email_key, '@', 2)
        from subscribers s where d.edition_id = ${editionId} and d.subscriber_id = any(${[...subscriberIds]}::bigint[])
          and s.id = d.subscriber_id and s.email_key is not null and d.state = 'queued' and d.lane = ${lease.lane}
        returning d.subscriber_id, d.lane
      ), left_behind as (
        update delivery_batches b set subscriber_ids = (select array_agg(u.id order by u.at)
          from unnest(b.subscriber_ids) with ordinality as u (id, at) where u.id not in (select subscriber_id from moved))
        where b.edition_id = ${editionId} and b.no = ${batchNo}
          and exists (select from unnest(b.subscriber_ids) as u (id) where u.id not in (select subscriber_id from moved))
      ), ${batched(editionId, sql`moved`, now)},
      ${moveBooks(
        editionId,
        sharedShard,
        sql`select ${lease.lane}::text, 'queued', null::text from moved union all select lane, null, 'queued' from moved`,
      )}
      select (select array_agg(no) from batches) as batch_nos`.execute(tx);
    return rows[0]?.batch_nos ?? [];
  });
  await ring(
    ctx,
    'deliver',
    batchNos.map((batchNo) => ({ editionId, batchNo })),
  );
}
