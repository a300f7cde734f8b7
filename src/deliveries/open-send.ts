import type { Db } from '../platform/db/database.ts';

/**
 * Opens an edition's one send; its books fill as deliveries are planned. Run it in the transaction that moves
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
}
