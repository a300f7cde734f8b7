import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { LaneState } from '../platform/db/tables.ts';
import type { Counts } from './delivery.ts';
import { bucketMs, bucketOf } from './move-books.ts';

/** The books of a send, and how many answers per second the last ten seconds brought. */
export interface Books {
  counts: Counts;
  ratePerSecond: number;
}

/** The books of one send: sixteen rows a lane added up, whatever its size. Nobody planned yet: all zeros. */
export async function readBooks(db: Db, editionId: number, now: Date): Promise<Books> {
  return (await readAllBooks(db, [editionId], now)).get(editionId) ?? none();
}

/** The books of several sends, in one query. */
export async function readAllBooks(
  db: Db,
  editionIds: readonly number[],
  now: Date,
): Promise<Map<number, Books>> {
  const bucket = bucketOf(now);
  const { rows } = await sql<Counts & { edition_id: number; this_n: number; before_n: number }>`
    select edition_id, sum(planned)::bigint as planned, sum(accepted)::bigint as accepted,
      sum(deferred)::bigint as deferred, sum(refused)::bigint as refused, sum(skipped)::bigint as skipped,
      sum(unknown)::bigint as unknown, sum(cancelled)::bigint as cancelled, sum(queued)::bigint as queued,
      sum(case when bucket = ${bucket} then bucket_n else 0 end)::bigint as this_n,
      sum(case bucket when ${bucket} then before_n when ${bucket - 1} then bucket_n else 0 end)::bigint as before_n
    from send_counts where edition_id = any(${[...editionIds]}::bigint[]) group by edition_id`.execute(db);
  return new Map(
    rows.map(({ edition_id, this_n, before_n, ...counts }) => [
      edition_id,
      { counts, ratePerSecond: slidingRate(this_n, before_n, now) },
    ]),
  );
}

/** The books of one lane of a send, and what holds the lane back at this moment. */
export interface LaneBooks extends Books {
  /** `undefined`: all the lanes that are not shown by name, taken together. */
  lane: string | undefined;
  /** How many lanes this row stands for. */
  lanes: number;
  state: LaneState;
  /** Limits that hold for the lane over all workers; `undefined` = none. */
  connections: number | undefined;
  limitPerSecond: number | undefined;
  /** Nothing begins before this; in the past or `undefined`: nothing is waited for. */
  backOffUntil: Date | undefined;
  reason: string | undefined;
  lastAnswer: string | undefined;
}

interface LaneRow extends Counts {
  lane: string | null;
  lanes: number;
  this_n: number;
  before_n: number;
  state: LaneState | null;
  connections: number | null;
  rate_per_second: number | null;
  back_off_until: Date | null;
  reason: string | null;
  last_answer: string | null;
}

/**
 * The books of a send lane by lane, the lanes with the most deliveries first, those after the first `named` added up in one
 * last row. They add up to the books of the send, since both are the same rows at the same moment.
 */
export async function readLaneBooks(
  db: Db,
  editionId: number,
  asked: { named: number; now: Date },
): Promise<LaneBooks[]> {
  const { named, now } = asked;
  const bucket = bucketOf(now);
  const { rows } = await sql<LaneRow>`
    with by_lane as (
      select lane, sum(planned) as planned, sum(accepted) as accepted, sum(deferred) as deferred,
        sum(refused) as refused, sum(skipped) as skipped, sum(unknown) as unknown, sum(cancelled) as cancelled,
        sum(queued) as queued,
        sum(case when bucket = ${bucket} then bucket_n else 0 end) as this_n,
        sum(case bucket when ${bucket} then before_n when ${bucket - 1} then bucket_n else 0 end) as before_n,
        row_number() over (order by sum(planned) desc, lane) as place
      from send_counts where edition_id = ${editionId} group by lane having sum(planned) > 0
    ), shown as (
      select case when place <= ${named} then lane end as lane, count(*) as lanes, min(place) as place,
        sum(planned)::bigint as planned, sum(accepted)::bigint as accepted, sum(deferred)::bigint as deferred,
        sum(refused)::bigint as refused, sum(skipped)::bigint as skipped, sum(unknown)::bigint as unknown,
        sum(cancelled)::bigint as cancelled, sum(queued)::bigint as queued,
        sum(this_n)::bigint as this_n, sum(before_n)::bigint as before_n
      from by_lane group by 1
    )
    select s.*, l.state, l.connections, l.rate_per_second, l.back_off_until, l.reason, l.last_answer
    from shown s left join lanes l on l.lane = s.lane order by s.place`.execute(db);
  return rows.map((row) => toLaneBooks(row, now));
}

function toLaneBooks(row: LaneRow, now: Date): LaneBooks {
  const { planned, accepted, deferred, refused, skipped, unknown, cancelled, queued } = row;
  return {
    lane: row.lane ?? undefined,
    lanes: row.lanes,
    counts: { planned, accepted, deferred, refused, skipped, unknown, cancelled, queued },
    ratePerSecond: slidingRate(row.this_n, row.before_n, now),
    state: row.state ?? 'open',
    connections: row.connections ?? undefined,
    limitPerSecond: row.rate_per_second ?? undefined,
    backOffUntil: row.back_off_until ?? undefined,
    reason: row.reason ?? undefined,
    lastAnswer: row.last_answer ?? undefined,
  };
}

/** Adds up the books of lanes: the books of the send that they are. */
export function sumOfBooks(lanes: readonly Books[]): Books {
  const total = none();
  for (const { counts, ratePerSecond } of lanes) {
    for (const name of Object.keys(total.counts) as (keyof Counts)[]) total.counts[name] += counts[name];
    total.ratePerSecond += ratePerSecond;
  }
  return total;
}

/** The ten seconds before now: those of the running bucket, and of the one before the share that is not yet past. */
function slidingRate(thisBucket: number, before: number, now: Date): number {
  const elapsedShare = (now.getTime() % bucketMs) / bucketMs;
  return ((thisBucket + before * (1 - elapsedShare)) * 1000) / bucketMs;
}

function none(): Books {
  const counts = {
    planned: 0,
    accepted: 0,
    deferred: 0,
    refused: 0,
    skipped: 0,
    unknown: 0,
    cancelled: 0,
    queued: 0,
  };
  return { counts, ratePerSecond: 0 };
}
