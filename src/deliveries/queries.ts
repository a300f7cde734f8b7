import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { EditionState } from '../platform/db/tables.ts';
import { batchSizeMax, deliveringStates, soon } from './delivery.ts';

/** Statements that no worker's window makes change the books here. */
const sharedShard = 0;

export interface Send {
  editionId: number;
  newsletterId: number;
  state: EditionState;
  frozenAt: Date | undefined;
  fanOutAfter: number;
  fannedOutAt: Date | undefined;
  holdUntil: Date | undefined;
  expected: number | undefined;
  requestedBy: string;
  requestedAt: Date;
  pauseReason: string | undefined;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  verifiedAt: Date | undefined;
}

function sendRows(db: Db) {
  return db
    .selectFrom('sends as s')
    .innerJoin('editions as e', 'e.id', 's.edition_id')
    .select([
      's.edition_id as editionId',
      'e.newsletter_id as newsletterId',
      'e.state',
      's.frozen_at as frozenAt',
      's.fan_out_after as fanOutAfter',
      's.fanned_out_at as fannedOutAt',
      's.hold_until as holdUntil',
      's.expected',
      's.requested_by as requestedBy',
      's.requested_at as requestedAt',
      's.pause_reason as pauseReason',
      's.started_at as startedAt',
      's.finished_at as finishedAt',
      's.verified_at as verifiedAt',
    ]);
}

type SendRow = Awaited<ReturnType<ReturnType<typeof sendRows>['executeTakeFirstOrThrow']>>;

function toSend(row: SendRow): Send {
  return {
    ...row,
    frozenAt: row.frozenAt ?? undefined,
    fannedOutAt: row.fannedOutAt ?? undefined,
    holdUntil: row.holdUntil ?? undefined,
    expected: row.expected ?? undefined,
    pauseReason: row.pauseReason ?? undefined,
    startedAt: row.startedAt ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
    verifiedAt: row.verifiedAt ?? undefined,
  };
}

export async function selectSend(db: Db, editionId: number): Promise<Send | undefined> {
  const row = await sendRows(db).where('s.edition_id', '=', editionId).executeTakeFirst();
  return row && toSend(row);
}

/** Sends, the newest first. */
export async function selectSends(
  db: Db,
  page: {
    before?: number | undefined;
    newsletterId?: number | undefined;
    newsletterIds?: readonly number[] | undefined;
    limit: number;
  },
): Promise<Send[]> {
  const { before, newsletterId, newsletterIds, limit } = page;
  const rows = await sendRows(db)
    .$if(before !== undefined, (query) => query.where('s.edition_id', '<', before ?? 0))
    .$if(newsletterId !== undefined, (query) => query.where('e.newsletter_id', '=', newsletterId ?? 0))
    .$if(newsletterIds !== undefined, (query) =>
      query.where('e.newsletter_id', 'in', [0, ...(newsletterIds ?? [])]),
    )
    .orderBy('s.edition_id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toSend);
}

/**
 * Holds the send's row until the transaction ends: pages of the fan-out, retries and a cancel follow each other, and
 * batch numbers are given out once.
 */
export async function lockSend(db: Db, editionId: number): Promise<Send | undefined> {
  const held = await db
    .selectFrom('sends')
    .select('edition_id')
    .where('edition_id', '=', editionId)
    .forUpdate()
    .executeTakeFirst();
  return held && (await selectSend(db, editionId));
}

/**
 * Leases a batch to a worker, whole, if it is free (or the worker's own from a job that broke off) and due. The deliveries
 * stay `queued`: a lease says who may claim them.
 *
 * @returns the subscribers of the batch that are still queued, in order; `undefined` when it is not to be had.
 */
export async function leaseBatch(
  db: Db,
  lease: { editionId: number; batchNo: number; workerId: number },
  now: Date,
): Promise<number[] | undefined> {
  const { editionId, batchNo, workerId } = lease;
  const { rows } = await sql<{ open: number[] | null }>`
    with leased as (
      update delivery_batches set worker_id = ${workerId}, leased_at = ${now}
      where edition_id = ${editionId} and no = ${batchNo} and done_at is null and due_at <= ${soon(now)}
        and (worker_id is null or worker_id = ${workerId})
        and exists (select from editions where id = ${editionId} and state = any(${[...deliveringStates]}::text[]))
      returning subscriber_ids
    )
    select (select array_agg(u.id order by u.at) from unnest(l.subscriber_ids) with ordinality as u (id, at)
      join deliveries d on d.edition_id = ${editionId} and d.subscriber_id = u.id and d.state = 'queued') as open
    from leased l`.execute(db);
  const [row] = rows;
  return row && (row.open ?? []);
}

/**
 * Ends a batch that we hold: done when none of its deliveries is queued any more, else free again from `dueAt` on.
 *
 * @returns `lost` when it was no longer ours.
 */
export async function endBatch(
  db: Db,
  lease: { editionId: number; batchNo: number; workerId: number },
  now: Date,
  dueAt: Date,
): Promise<'done' | 'freed' | 'lost'> {
  const { editionId, batchNo, workerId } = lease;
  const { rows } = await sql<{ done: boolean }>`
    with open as (
      select exists (select from deliveries d where d.edition_id = b.edition_id and d.state = 'queued'
        and d.subscriber_id = any(b.subscriber_ids)) as left_over
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

/** Batches that nobody holds and that are due, oldest first: the bells to ring. */
export async function freeBatches(
  db: Db,
  asked: { editionId?: number; now: Date; limit: number },
): Promise<{ editionId: number; batchNo: number }[]> {
  const { editionId, now, limit } = asked;
  return db
    .selectFrom('delivery_batches as b')
    .innerJoin('editions as e', 'e.id', 'b.edition_id')
    .select(['b.edition_id as editionId', 'b.no as batchNo'])
    .where('b.done_at', 'is', null)
    .where('b.worker_id', 'is', null)
    .where('b.due_at', '<=', now)
    .where('e.state', 'in', [...deliveringStates])
    .$if(editionId !== undefined, (query) => query.where('b.edition_id', '=', editionId ?? 0))
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
      returning d.subscriber_id, p.state
    ), ${batched(editionId, sql`moved`, now)}, counted as (
      update send_counts c set queued = c.queued + m.n, deferred = c.deferred - m.deferred,
        unknown = c.unknown - m.unknown, refused = c.refused - m.refused
      from (select count(*) as n, count(*) filter (where state = 'deferred') as deferred,
        count(*) filter (where state = 'unknown') as unknown, count(*) filter (where state = 'refused') as refused
        from moved) as m
      where c.edition_id = ${editionId} and c.shard = ${sharedShard}
    )
    select (select array_agg(no) from batches) as batch_nos, (select count(*) from moved) as moved`.execute(
    db,
  );
  const [row] = rows;
  return { batchNos: row?.batch_nos ?? [], moved: row?.moved ?? 0 };
}

/**
 * The parts of a statement that cut the `subscriber_id`s of an earlier part into batches, and give them the send's next
 * numbers. Everything in them is due at one time.
 */
export function batched(editionId: number, source: RawBuilder<unknown>, dueAt: Date) {
  return sql`numbered as (
      select subscriber_id, (row_number() over (order by subscriber_id) - 1) / ${batchSizeMax} as part from ${source}
    ), batches as (
      insert into delivery_batches (edition_id, no, due_at, subscriber_ids)
      select ${editionId}, s.batch_no + 1 + n.part, ${dueAt}, array_agg(n.subscriber_id order by n.subscriber_id)
      from numbered n, sends s where s.edition_id = ${editionId} group by s.batch_no, n.part
      returning no
    ), given as (
      update sends set batch_no = batch_no + (select count(*) from batches) where edition_id = ${editionId}
    )`;
}
