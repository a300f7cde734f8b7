import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { prepared } from '../platform/db/prepared.ts';
import { batchSizeMax, deliveringStates, soon } from './delivery.ts';
import { moveBooks, sharedShard } from './move-books.ts';

/** A batch that is ours, and who of it is still queued, in order. */
export interface Leased {
  editionId: number;
  batchNo: number;
  lane: string;
  subscriberIds: number[];
}

/**
 * Leases a batch to a worker, whole, if it is free (or the worker's own from a job that broke off) and due. The deliveries
 * stay `queued`: a lease says who may claim them.
 *
 * @returns `undefined` when it is not to be had.
 */
export async function leaseBatch(
  db: Db,
  lease: { editionId: number; batchNo: number; workerId: number },
  now: Date,
): Promise<Leased | undefined> {
  const { editionId, batchNo, workerId } = lease;
  const which = sql`b.edition_id = ${editionId} and b.no = ${batchNo}
    and (b.worker_id is null or b.worker_id = ${workerId}) for update of b`;
  return leaseOne(db, { name: 'lease-batch', which }, workerId, now);
}

/**
 * Leases the next batch that is free and due, of whichever edition has waited longest: of one lane, or (`undefined`) of those
 * that have neither limit nor trouble.
 */
export async function leaseNext(
  db: Db,
  lease: { lane: string | undefined; workerId: number },
  now: Date,
): Promise<Leased | undefined> {
  const { lane, workerId } = lease;
  const lanes =
    lane === undefined ? sql`not exists (select from lanes l where l.lane = b.lane)` : sql`b.lane = ${lane}`;
  const which = sql`${lanes} and b.worker_id is null and b.due_at <= ${now}
    order by b.due_at, b.edition_id, b.no limit 1 for update of b skip locked`;
  const name = lane === undefined ? 'lease-next' : 'lease-next-of-lane';
  return leaseOne(db, { name, which }, workerId, now);
}

/** In a batch that nobody has held all are queued; of one that came back, those are that its holder had not begun. */
async function leaseOne(
  db: Db,
  { name, which }: { name: string; which: RawBuilder<unknown> },
  workerId: number,
  now: Date,
): Promise<Leased | undefined> {
  const { rows } = await sql<{
    edition_id: number;
    no: number;
    lane: string;
    open: number[] | null;
  }>`${prepared(name)}
    with free as materialized (
      select b.edition_id, b.no, b.leased_at is not null as came_back
      from delivery_batches b join editions e on e.id = b.edition_id
      where e.state = any(${[...deliveringStates]}::text[]) and b.done_at is null and b.due_at <= ${soon(now)} and ${which}
    ), leased as (
      update delivery_batches b set worker_id = ${workerId}, leased_at = ${now} from free f
      where b.edition_id = f.edition_id and b.no = f.no
      returning b.edition_id, b.no, b.lane, b.subscriber_ids, f.came_back
    )
    select l.edition_id, l.no, l.lane, case when l.came_back then (select array_agg(u.id order by u.at)
      from unnest(l.subscriber_ids) with ordinality as u (id, at)
      join deliveries d on d.edition_id = l.edition_id and d.subscriber_id = u.id and d.state = 'queued'
        and d.lane = l.lane) else l.subscriber_ids end as open
    from leased l`.execute(db);
  const [row] = rows;
  return row && { editionId: row.edition_id, batchNo: row.no, lane: row.lane, subscriberIds: row.open ?? [] };
}

/** The lane of a batch that is not done. */
export async function laneOfBatch(
  db: Db,
  batch: { editionId: number; batchNo: number },
): Promise<string | undefined> {
  const row = await db
    .selectFrom('delivery_batches')
    .select('lane')
    .where('edition_id', '=', batch.editionId)
    .where('no', '=', batch.batchNo)
    .where('done_at', 'is', null)
    .executeTakeFirst();
  return row?.lane;
}

/**
 * Ends a batch that we hold: done when none of its deliveries is queued any more, else free again from `dueAt` on. Whoever
 * has settled each of them says so (`allSettled`), and they are not looked at again.
 *
 * @returns `lost` when it was no longer ours.
 */
export async function endBatch(
  db: Db,
  lease: { editionId: number; batchNo: number; workerId: number },
  now: Date,
  dueAt: Date,
  { allSettled = false } = {},
): Promise<'done' | 'freed' | 'lost'> {
  const { editionId, batchNo, workerId } = lease;
  const { rows } = await sql<{ done: boolean }>`${prepared('end-batch')}
    with open as (
      select ${!allSettled}::boolean and exists (select from deliveries d where d.edition_id = b.edition_id and d.state = 'queued'
        and d.lane = b.lane and d.subscriber_id = any(b.subscriber_ids)) as left_over
      from delivery_batches b where b.edition_id = ${editionId} and b.no = ${batchNo}
    )
    update delivery_batches b set worker_id = null,
      done_at = case when open.left_over then null else ${now}::timestamptz end,
      due_at = case when open.left_over then ${dueAt}::timestamptz else b.due_at end
    from open
    where b.edition_id = ${editionId} and b.no = ${batchNo} and b.worker_id = ${workerId} and b.done_at is null
    returning b.done_at is not null as done`.execute(db);
  const [row] = rows;
  return row ? (row.done ? 'done' : 'freed') : 'lost';
}

/** Batches that nobody holds, that are due and whose lane is open, oldest first: the bells to ring. */
export async function freeBatches(
  db: Db,
  asked: { editionId?: number; lane?: string; now: Date; limit: number },
): Promise<{ editionId: number; batchNo: number }[]> {
  const { editionId, lane, now, limit } = asked;
  return db
    .selectFrom('delivery_batches as b')
    .innerJoin('editions as e', 'e.id', 'b.edition_id')
    .leftJoin('lanes as l', 'l.lane', 'b.lane')
    .select(['b.edition_id as editionId', 'b.no as batchNo'])
    .where('b.done_at', 'is', null)
    .where('b.worker_id', 'is', null)
    .where('b.due_at', '<=', now)
    .where('e.state', 'in', [...deliveringStates])
    .where((eb) => eb.or([eb('l.state', 'is', null), eb('l.state', '<>', 'paused')]))
    .where((eb) => eb.or([eb('l.back_off_until', 'is', null), eb('l.back_off_until', '<=', now)]))
    .$if(editionId !== undefined, (query) => query.where('b.edition_id', '=', editionId ?? 0))
    .$if(lane !== undefined, (query) => query.where('b.lane', '=', lane ?? ''))
    .orderBy('b.due_at')
    .orderBy('b.edition_id')
    .orderBy('b.no')
    .limit(limit)
    .execute();
}

/**
 * Puts settled deliveries back into the queue, in new batches, and moves the books with them. Which ones, says `which`, a
 * condition on `d`. Run it in a transaction that holds the send (`lockSend`).
 *
 * @returns the numbers of the new batches, and how many deliveries went back.
 */
export async function requeue(
  db: Db,
  editionId: number,
  change: {
    which: RawBuilder<unknown>;
    now: Date;
    limit: number;
    /** An operator's act begins anew: full deadline, no tries used. */
    deadlineAt?: Date;
  },
): Promise<{ batchNos: number[]; moved: number }> {
  const { which, now, limit, deadlineAt } = change;
  const { rows } = await sql<{ batch_nos: number[] | null; moved: number }>`
    with picked as (
      select d.subscriber_id, d.state from deliveries d
      where d.edition_id = ${editionId} and ${which}
      order by d.subscriber_id limit ${limit} for update
    ), moved as (
      update deliveries d set state = 'queued', due_at = ${now}, settled_at = null,
        resends = d.resends + case when p.state = 'unknown' then 1 else 0 end,
        attempts = case when ${deadlineAt !== undefined} then 0 else d.attempts end,
        deadline_at = coalesce(${deadlineAt ?? null}::timestamptz, d.deadline_at)
      from picked p where d.edition_id = ${editionId} and d.subscriber_id = p.subscriber_id
      returning d.subscriber_id, d.lane, p.state as was
    ), ${batched(editionId, sql`moved`, now)}, ${moveBooks(editionId, sharedShard, sql`select lane, was, 'queued' from moved`)}
    select (select array_agg(no) from batches) as batch_nos, (select count(*) from moved) as moved`.execute(
    db,
  );
  const [row] = rows;
  return { batchNos: row?.batch_nos ?? [], moved: row?.moved ?? 0 };
}

/**
 * The parts of a statement that cut the `subscriber_id`s of an earlier part into batches, lane by lane, and give them the
 * send's next numbers. Everything in one is due at one time: at `dueAt`, or, without it, when its row says; readers of the
 * same variant stand together then. Lanes take turns: each one's first batch comes before any
 * lane's second, so that whoever is many does not stand in front of the few.
 */
export function batched(editionId: number, source: RawBuilder<unknown>, dueAt?: Date) {
  const columns = dueAt ? sql`subscriber_id, lane, 0 as variant_id, ${dueAt}::timestamptz as due_at` : sql`*`;
  return sql`numbered as (
      select subscriber_id, lane, due_at, variant_id, (row_number() over (partition by lane, due_at
        order by variant_id, subscriber_id) - 1) / ${batchSizeMax} as part from (select ${columns} from ${source}) as source
    ), cut as (
      select lane, due_at, array_agg(subscriber_id order by variant_id, subscriber_id) as subscriber_ids,
        row_number() over (order by due_at, part, lane) as nth
      from numbered group by lane, due_at, part
    ), batches as (
      insert into delivery_batches (edition_id, no, lane, due_at, subscriber_ids)
      select ${editionId}, s.batch_no + c.nth, c.lane, c.due_at, c.subscriber_ids
      from cut c, sends s where s.edition_id = ${editionId}
      returning no, due_at
    ), given as (
      update sends set batch_no = batch_no + (select count(*) from batches) where edition_id = ${editionId}
    )`;
}
