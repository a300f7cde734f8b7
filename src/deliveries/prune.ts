import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

const keptMs = 400 * 24 * 3_600_000;
const sendsAtOnce = 5;
/** Each statement ends long before its timeout; a million in one would not. */
const rowsAtOnce = 20_000;

/** The deliveries of a send that finished before this have had their day, whether or not they are deleted yet. */
export function prunedBefore(now: Date): Date {
  return new Date(now.getTime() - keptMs);
}

/**
 * Deletes the deliveries of sends that finished more than 400 days ago; their counts stay. A few sends at a time, each in
 * many short statements, so it may be interrupted; safe to run twice.
 *
 * @returns how many deliveries it deleted.
 */
export async function pruneDeliveries(db: Db, now: Date): Promise<number> {
  const old = await db
    .selectFrom('sends as s')
    .select('s.edition_id')
    .where('s.finished_at', '<', prunedBefore(now))
    .where((eb) =>
      eb.exists(
        eb.selectFrom('deliveries as d').select('d.edition_id').whereRef('d.edition_id', '=', 's.edition_id'),
      ),
    )
    .orderBy('s.edition_id')
    .limit(sendsAtOnce)
    .execute();
  let deleted = 0;
  for (const { edition_id } of old) {
    await db.deleteFrom('delivery_batches').where('edition_id', '=', edition_id).execute();
    for (;;) {
      const page = await deletePage(db, edition_id);
      deleted += page;
      if (page < rowsAtOnce) break;
    }
  }
  return deleted;
}

async function deletePage(db: Db, editionId: number): Promise<number> {
  const { rows } = await sql<{ deleted: number }>`
    with gone as (
      delete from deliveries where edition_id = ${editionId} and subscriber_id in (
        select subscriber_id from deliveries where edition_id = ${editionId} order by subscriber_id limit ${rowsAtOnce})
      returning 1
    )
    select count(*) as deleted from gone`.execute(db);
  return rows[0]?.deleted ?? 0;
}
