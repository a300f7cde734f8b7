import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { moveBooks, sharedShard } from './move-books.ts';

/** Batches, and deferred deliveries, per statement. */
const batchesAtOnce = 20;
const deferredAtOnce = 5_000;

/**
 * Makes what a cancelled send still holds `cancelled`: queued deliveries batch by batch, then the deferred. Deliveries that
 * are `sending` are left to their worker. Does nothing to a send that is not cancelled; safe to run twice and at once.
 *
 * @returns how many deliveries it cancelled.
 */
export async function sweepCancelled(ctx: Context, editionId: number): Promise<number> {
  const now = ctx.clock.now();
  let total = 0;
  let afterNo = 0;
  for (;;) {
    const { swept, lastNo } = await sweepBatches(ctx.db, { editionId, afterNo, now });
    total += swept;
    if (lastNo === undefined) break;
    afterNo = lastNo;
  }
  for (;;) {
    const swept = await sweepDeferred(ctx.db, { editionId, now });
    total += swept;
    if (swept < deferredAtOnce) return total;
  }
}

/** The batch's row is held first, as a worker's window does, so the two never wait for each other crosswise. */
async function sweepBatches(
  db: Db,
  at: { editionId: number; afterNo: number; now: Date },
): Promise<{ swept: number; lastNo: number | undefined }> {
  const { editionId, afterNo, now } = at;
  const { rows } = await sql<{ swept: number; last_no: number | null }>`
    with open as materialized (
      select no, subscriber_ids, worker_id from delivery_batches
      where edition_id = ${editionId} and no > ${afterNo} and done_at is null
        and exists (select from editions where id = ${editionId} and state = 'cancelled')
      order by no limit ${batchesAtOnce} for update
    ), swept as (
      update deliveries d set state = 'cancelled', settled_at = ${now}
      from (select unnest(subscriber_ids) as subscriber_id from open) as o
      where d.edition_id = ${editionId} and d.subscriber_id = o.subscriber_id and d.state = 'queued'
      returning d.lane
    ), ended as (
      update delivery_batches b set done_at = ${now} from open o
      where b.edition_id = ${editionId} and b.no = o.no and o.worker_id is null
    ), ${moveBooks(editionId, sharedShard, sql`select lane, 'queued', 'cancelled' from swept`)}
    select (select count(*) from swept) as swept, (select max(no) from open) as last_no`.execute(db);
  const [row] = rows;
  return { swept: row?.swept ?? 0, lastNo: row?.last_no ?? undefined };
}

async function sweepDeferred(db: Db, at: { editionId: number; now: Date }): Promise<number> {
  const { editionId, now } = at;
  const { rows } = await sql<{ swept: number }>`
    with waiting as (
      select subscriber_id from deliveries
      where edition_id = ${editionId} and class is not null and state = 'deferred'
        and exists (select from editions where id = ${editionId} and state = 'cancelled')
      order by subscriber_id limit ${deferredAtOnce} for update
    ), swept as (
      update deliveries d set state = 'cancelled', settled_at = ${now} from waiting w
      where d.edition_id = ${editionId} and d.subscriber_id = w.subscriber_id and d.state = 'deferred'
      returning d.lane
    ), ${moveBooks(editionId, sharedShard, sql`select lane, 'deferred', 'cancelled' from swept`)}
    select count(*) as swept from swept`.execute(db);
  return rows[0]?.swept ?? 0;
}
