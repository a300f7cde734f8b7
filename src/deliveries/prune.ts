import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

const keptMs = 400 * 24 * 3_600_000;
const sendsAtOnce = 5;

/**
 * Deletes the deliveries of sends that finished more than 400 days ago; their counts stay. A few sends at a time; safe to run
 * twice.
 *
 * @returns how many deliveries it deleted.
 */
export async function pruneDeliveries(db: Db, now: Date): Promise<number> {
  const old = await db
    .selectFrom('sends as s')
    .select('s.edition_id')
    .where('s.finished_at', '<', new Date(now.getTime() - keptMs))
    .where((eb) =>
      eb.exists(
        eb.selectFrom('deliveries as d').select('d.edition_id').whereRef('d.edition_id', '=', 's.edition_id'),
      ),
    )
    .orderBy('s.edition_id')
    .limit(sendsAtOnce)
    .execute();
  const ids = old.map((row) => row.edition_id);
  if (ids.length === 0) return 0;
  const { rows } = await sql<{ deleted: number }>`
    with gone as (delete from deliveries where edition_id = any(${ids}::bigint[]) returning 1),
      batches as (delete from delivery_batches where edition_id = any(${ids}::bigint[]))
    select count(*) as deleted from gone`.execute(db);
  return rows[0]?.deleted ?? 0;
}
