import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { MarkedMail } from '../platform/render/mail.ts';
import type { Facts } from './facts.ts';

/** One language of an edition, of which every version is made. */
export interface Blocks {
  lang: string;
  marked: MarkedMail;
  facts: Facts;
}

export async function putBlocks(
  db: Db,
  at: { editionId: number; revision: number },
  { lang, marked, facts }: Blocks,
): Promise<void> {
  const changing = { ...marked, facts: JSON.stringify(facts), revision: at.revision };
  await db
    .insertInto('edition_blocks')
    .values({ edition_id: at.editionId, lang, ...changing })
    .onConflict((conflict) => conflict.columns(['edition_id', 'lang']).doUpdateSet(changing))
    .execute();
}

export async function blocksOf(db: Db, editionId: number): Promise<Blocks[]> {
  const rows = await db
    .selectFrom('edition_blocks')
    .select(['lang', 'html', 'text', 'facts'])
    .where('edition_id', '=', editionId)
    .orderBy('lang')
    .execute();
  return rows.map(({ lang, html, text, facts }) => ({ lang, marked: { html, text }, facts: facts as Facts }));
}

/** What each of these variants is a version of; those of editions composed before there were blocks have no facts. */
export async function versionsById(
  db: Db,
  variantIds: readonly number[],
): Promise<{ id: number; editionId: number; topics: string; catchUp: string; facts: Facts | undefined }[]> {
  const { rows } = await sql<{
    id: number;
    edition_id: number;
    topics: string;
    catch_up: string;
    facts: Facts | null;
  }>`
    select v.id, v.edition_id, v.topics, v.catch_up, b.facts from edition_variants v
    left join edition_blocks b on b.edition_id = v.edition_id and b.lang = v.lang
    where v.id = any(${[...variantIds]}::bigint[])`.execute(db);
  return rows.map((row) => ({
    id: row.id,
    editionId: row.edition_id,
    topics: row.topics,
    catchUp: row.catch_up,
    facts: row.facts ?? undefined,
  }));
}

/** Forgets versions of editions whose send ended before then: they can be made of the blocks again. */
export async function dropOldVersions(db: Db, before: Date): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    delete from edition_variants v using editions e
    where e.id = v.edition_id and e.updated_at < ${before} and e.state in ('sent', 'cancelled', 'failed')
      and not (v.topics = '' and v.greeting = '' and v.catch_up = '') returning v.id`.execute(db);
  return rows.length;
}
