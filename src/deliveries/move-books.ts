import { type RawBuilder, sql } from 'kysely';
import { countedStates } from './delivery.ts';

/** How many rows share the counts of one lane, so that workers do not wait for each other. */
export const countShards = 16;
/** Rates are counted in buckets of this length. */
export const bucketMs = 10_000;

/** The ten seconds that an instant belongs to, counted since 1970. */
export function bucketOf(at: Date): number {
  return Math.floor(at.getTime() / bucketMs);
}

/** Which row of a lane's counts a worker's windows move. */
export function shardOf(workerId: number): number {
  return workerId % countShards;
}

/** What all other statements move. */
export const sharedShard = 0;

/**
 * The part of a statement that moves the books by exactly the rows that its other parts moved. `moves` yields one row
 * `(lane, was, became)` for each of them; `was` is null for a delivery that is new to
 * its lane, `became` for one that leaves it. `sending` counts as `queued`. With a
 * `bucket` (`bucketOf`) the answers among them count for the rate of those ten seconds. Lanes are taken in their order, so that two
 * statements never wait for each other crosswise. It is an upsert: a lane has counts from its first delivery on.
 */
export function moveBooks(
  editionId: number,
  shard: number,
  moves: RawBuilder<unknown>,
  bucket = 0,
): RawBuilder<unknown> {
  const answered = sql`count(*) filter (where ${bucket}::bigint > 0
    and became in ('accepted', 'deferred', 'refused', 'unknown') and was in ('queued', 'sending'))`;
  return sql`booked as (
    insert into send_counts as c (edition_id, lane, shard, planned, ${counts((state) => sql.ref(state))},
      bucket, bucket_n)
    select ${editionId}::bigint, lane, ${shard}::smallint, count(*) filter (where was is null) - count(*) filter (where became is null),
      ${counts(delta)}, ${bucket}::bigint, ${answered}
    from (${moves}) as m (lane, was, became) where was is distinct from became
    group by lane order by lane
    on conflict (edition_id, lane, shard) do update set planned = c.planned + excluded.planned,
      ${counts((state) => sql`${sql.ref(state)} = c.${sql.ref(state)} + excluded.${sql.ref(state)}`)},
      before_n = case when excluded.bucket <= c.bucket then c.before_n
        when excluded.bucket = c.bucket + 1 then c.bucket_n else 0 end,
      bucket_n = case when excluded.bucket <= c.bucket then c.bucket_n else 0 end + excluded.bucket_n,
      bucket = greatest(c.bucket, excluded.bucket)
  )`;
}

function counts(part: (state: string) => RawBuilder<unknown>): RawBuilder<unknown> {
  return sql.join(countedStates.map(part));
}

function delta(state: string): RawBuilder<unknown> {
  const states = state === 'queued' ? sql`('queued', 'sending')` : sql`(${sql.lit(state)})`;
  return sql`count(*) filter (where became in ${states}) - count(*) filter (where was in ${states})`;
}
