import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { Tables } from '../platform/db/tables.ts';
import type { Source } from './source.ts';

type SourceRow = Selectable<Tables['sources']>;

function toSource(row: SourceRow): Source {
  return {
    id: row.id,
    kind: row.kind,
    url: row.url,
    section: row.section ?? undefined,
    lang: row.lang,
    sections: row.mapping,
    weight: row.weight,
    etag: row.etag ?? undefined,
    lastModified: row.last_modified ?? undefined,
    nextPollAt: row.next_poll_at,
    lastOkAt: row.last_ok_at ?? undefined,
    lastItemAt: row.last_item_at ?? undefined,
    lastError: row.last_error ?? undefined,
    failures: row.failures,
    silentAfterHours: row.silent_after_hours,
    createdAt: row.created_at,
  };
}

/** @returns `undefined` when the address is there already and in use; one that was removed is taken up again. */
export async function insertSource(db: Db, row: Insertable<Tables['sources']>): Promise<Source | undefined> {
  const inserted = await db
    .insertInto('sources')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('url')
        .doUpdateSet({
          ...row,
          state: 'active',
          etag: null,
          last_modified: null,
          last_error: null,
          failures: 0,
        })
        .where('sources.state', '=', 'removed'),
    )
    .returningAll()
    .executeTakeFirst();
  return inserted && toSource(inserted);
}

export async function sourceByUrl(db: Db, url: string): Promise<Source | undefined> {
  const row = await db.selectFrom('sources').selectAll().where('url', '=', url).executeTakeFirst();
  return row && toSource(row);
}

export async function sourceById(db: Db, id: number): Promise<Source | undefined> {
  const row = await db
    .selectFrom('sources')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'active')
    .executeTakeFirst();
  return row && toSource(row);
}

export async function sourcesAfter(db: Db, page: { after: number; limit: number }): Promise<Source[]> {
  const rows = await db
    .selectFrom('sources')
    .selectAll()
    .where('state', '=', 'active')
    .where('id', '>', page.after)
    .orderBy('id')
    .limit(page.limit)
    .execute();
  return rows.map(toSource);
}

/** @returns `undefined` when the source is not there. */
export async function changeSource(
  db: Db,
  id: number,
  changes: Updateable<Tables['sources']>,
): Promise<Source | undefined> {
  const row = await db
    .updateTable('sources')
    .set(changes)
    .where('id', '=', id)
    .where('state', '=', 'active')
    .returningAll()
    .executeTakeFirst();
  return row && toSource(row);
}

/** Whoever gets the row polls it. */
export async function claimPoll(
  db: Db,
  claim: { sourceId: number; now: Date; next: Date; dueOnly: boolean },
): Promise<Source | undefined> {
  let query = db
    .updateTable('sources')
    .set({ next_poll_at: claim.next })
    .where('id', '=', claim.sourceId)
    .where('state', '=', 'active');
  if (claim.dueOnly) query = query.where('next_poll_at', '<=', claim.now);
  const row = await query.returningAll().executeTakeFirst();
  return row && toSource(row);
}

export async function notePollFailed(
  db: Db,
  failed: { sourceId: number; reason: string; next: Date },
): Promise<void> {
  await sql`update sources set failures = failures + 1, last_error = ${failed.reason}, next_poll_at = ${failed.next}
    where id = ${failed.sourceId}`.execute(db);
}

export async function duePolls(db: Db, page: { now: Date; limit: number }): Promise<number[]> {
  const rows = await db
    .selectFrom('sources')
    .select('id')
    .where('state', '=', 'active')
    .where('next_poll_at', '<=', page.now)
    .orderBy('next_poll_at')
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.id);
}
