import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

/**
 * Makes the batches of a lane or a send due now that were given back for a while: what they wait for, a person says, is over.
 * Those that nobody has held wait for their readers' hour, and keep it. Safe to run twice.
 */
export async function hurry(
  db: Db,
  {
    lane,
    editionId,
    now,
  }: ({ lane: string; editionId?: never } | { editionId: number; lane?: never }) & { now: Date },
): Promise<void> {
  const which = lane === undefined ? sql`edition_id = ${editionId}` : sql`lane = ${lane}`;
  await sql`
    update delivery_batches set due_at = ${now}
    where ${which} and done_at is null and worker_id is null and leased_at is not null and due_at > ${now}`.execute(
    db,
  );
}
