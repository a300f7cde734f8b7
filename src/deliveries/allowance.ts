import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

/**
 * Takes up to so many from what a person allowed a doubtful send to go on with. Shared by all workers: the row is held.
 *
 * @returns how many may begin; all that were wanted when nothing limits them.
 */
export async function drawAllowance(db: Db, editionId: number, wanted: number): Promise<number> {
  const { rows } = await sql<{ before: number | null }>`
    with held as (select allowance as before from sends where edition_id = ${editionId} for update),
    drawn as (
      update sends set allowance = allowance - least(allowance, ${wanted})
      where edition_id = ${editionId} and allowance is not null
    )
    select before from held`.execute(db);
  const before = rows[0]?.before;
  return before === null || before === undefined ? wanted : Math.min(before, wanted);
}

/** Gives back what was taken for deliveries that did not begin. */
export async function returnAllowance(db: Db, editionId: number, unused: number): Promise<void> {
  if (unused === 0) return;
  await sql`
    update sends set allowance = allowance + ${unused}
    where edition_id = ${editionId} and allowance is not null`.execute(db);
}
