import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { countShards } from './claim.ts';

/**
 * Opens the books of an edition's one send: its row, and sixteen empty rows of counts. Run it in the transaction that moves
 * the edition to `starting`, which is what lets only one caller come here.
 */
export async function openSend(
  db: Db,
  send: {
    editionId: number;
    holdUntil: Date;
    expected: number | undefined;
    requestedBy: string;
    requestedAt: Date;
  },
): Promise<void> {
  await db
    .insertInto('sends')
    .values({
      edition_id: send.editionId,
      hold_until: send.holdUntil,
      expected: send.expected ?? null,
      requested_by: send.requestedBy,
      requested_at: send.requestedAt,
    })
    .execute();
  await sql`
    insert into send_counts (edition_id, shard)
    select ${send.editionId}, shard from generate_series(0, ${countShards - 1}) as shard`.execute(db);
}
