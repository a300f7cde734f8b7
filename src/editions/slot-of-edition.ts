import type { Db } from '../platform/db/database.ts';
import type { Edition } from './edition.ts';

/**
 * When the first edition of a slot begins, and whether it needs nobody any more, or a person: what held it before its slot is
 * decided at the slot. `undefined` when nobody has made it yet.
 */
export async function slotOfEdition(
  db: Db,
  slot: { newsletterId: number; kind: Edition['kind']; slotDate: string },
  now: Date,
): Promise<{ slotAt: Date; settled: boolean } | undefined> {
  const row = await db
    .selectFrom('editions')
    .select(['state', 'held_reason', 'slot_at', 'cutoff_at', 'touched_at'])
    .where('newsletter_id', '=', slot.newsletterId)
    .where('kind', '=', slot.kind)
    .where('slot_date', '=', slot.slotDate)
    .where('seq', '=', 1)
    .executeTakeFirst();
  if (!row) return undefined;
  const { slot_at: slotAt } = row;
  if (!['draft', 'ready', 'approved'].includes(row.state)) return { slotAt, settled: true };
  if (row.held_reason === null || slotAt > now) return { slotAt, settled: false };
  return { slotAt, settled: row.touched_at !== null || (row.cutoff_at !== null && row.cutoff_at >= slotAt) };
}
