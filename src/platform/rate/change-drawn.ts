import type { Db } from '../db/database.ts';
import type { Drawn } from './drawn.ts';

/**
 * Changes what was drawn in a scope, whoever else does so at the same moment: read, decide, write if nobody has written
 * since, else anew. `decide` is pure; where it changes nothing, nothing is written.
 */
export async function changeDrawn(
  db: Db,
  scope: string,
  now: Date,
  decide: (drawn: Drawn) => Drawn | undefined,
): Promise<void> {
  for (;;) {
    const seen = await db
      .selectFrom('rates')
      .select(['drawn', 'version'])
      .where('scope', '=', scope)
      .executeTakeFirst();
    const drawn = decide((seen?.drawn ?? {}) as Drawn);
    if (!drawn) return;
    const row = { drawn: JSON.stringify(drawn), drawn_at: now };
    if (await write(db, scope, seen?.version, row)) return;
  }
}

/** False: someone else was first. */
async function write(
  db: Db,
  scope: string,
  version: number | undefined,
  row: { drawn: string; drawn_at: Date },
): Promise<boolean> {
  if (version === undefined) {
    const made = await db
      .insertInto('rates')
      .values({ scope, ...row })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return made.numInsertedOrUpdatedRows === 1n;
  }
  const changed = await db
    .updateTable('rates')
    .set({ ...row, version: version + 1 })
    .where('scope', '=', scope)
    .where('version', '=', version)
    .executeTakeFirst();
  return changed.numUpdatedRows === 1n;
}
