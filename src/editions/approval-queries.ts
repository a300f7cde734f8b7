import type { Db } from '../platform/db/database.ts';
import type { Edition } from './edition.ts';

export interface Approval {
  by: string;
  at: Date;
}

/** Who has approved the edition as it is in this revision, the first one first. */
export async function approvalsOf(db: Db, editionId: number, revision: number): Promise<Approval[]> {
  const rows = await db
    .selectFrom('approvals')
    .select(['approver', 'at'])
    .where('edition_id', '=', editionId)
    .where('revision', '=', revision)
    .orderBy('at')
    .orderBy('approver')
    .execute();
  return rows.map(({ approver, at }) => ({ by: approver, at }));
}

/** One approver counts once; what a person has approved is not chosen anew by itself. */
export async function putApproval(db: Db, edition: Edition, approver: string, now: Date): Promise<void> {
  await db
    .insertInto('approvals')
    .values({ edition_id: edition.id, revision: edition.revision, approver, at: now })
    .onConflict((conflict) => conflict.columns(['edition_id', 'revision', 'approver']).doNothing())
    .execute();
  await db
    .updateTable('editions')
    .set({ touched_at: now, updated_at: now })
    .where('id', '=', edition.id)
    .execute();
}
