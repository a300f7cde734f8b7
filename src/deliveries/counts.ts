import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
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
