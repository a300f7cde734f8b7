import type { Db } from '../platform/db/database.ts';

export interface Variant {
  id: number;
  lang: string;
  subject: string;
  preheader: string;
  htmlBytes: number;
}

/** Writes a variant and returns its id. One that is there stays the same row. */
export async function putVariant(
  db: Db,
  variant: {
    editionId: number;
    lang: string;
    topics?: string;
    greeting?: string;
    catch_up?: string;
    subject: string;
    preheader: string;
    html: string;
    text: string;
    mime: unknown;
    htmlBytes: number;
    revision: number;
  },
): Promise<number> {
  const { editionId, lang, topics = '', greeting = '', catch_up = '', mime, htmlBytes, ...words } = variant;
  const changing = { ...words, mime: JSON.stringify(mime), html_bytes: htmlBytes };
  const { id } = await db
    .insertInto('edition_variants')
    .values({ edition_id: editionId, lang, topics, greeting, catch_up, ...changing })
    .onConflict((conflict) =>
      conflict.columns(['edition_id', 'lang', 'topics', 'greeting', 'catch_up']).doUpdateSet(changing),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function variantId(
  db: Db,
  which: { editionId: number; lang: string; topics: string; greeting: string; catchUp: string },
): Promise<number | undefined> {
  const row = await db
    .selectFrom('edition_variants')
    .select('id')
    .where('edition_id', '=', which.editionId)
    .where('lang', '=', which.lang)
    .where('topics', '=', which.topics)
    .where('greeting', '=', which.greeting)
    .where('catch_up', '=', which.catchUp)
    .executeTakeFirst();
  return row?.id;
}

/** Drops what an earlier compose made: languages that are gone, and every version of a group of readers. */
export async function dropVariants(db: Db, editionId: number, keep: readonly string[]): Promise<void> {
  const langs = keep.length > 0 ? [...keep] : [''];
  await db
    .deleteFrom('edition_variants')
    .where('edition_id', '=', editionId)
    .where((eb) =>
      eb.or([
        eb('lang', 'not in', langs),
        eb('topics', '<>', ''),
        eb('greeting', '<>', ''),
        eb('catch_up', '<>', ''),
      ]),
    )
    .execute();
  await db
    .deleteFrom('edition_blocks')
    .where('edition_id', '=', editionId)
    .where('lang', 'not in', langs)
    .execute();
}

/** One per language: what a reader gets who chose nothing and missed nothing. */
export async function variantsOf(db: Db, editionId: number): Promise<Variant[]> {
  const rows = await db
    .selectFrom('edition_variants')
    .select(['id', 'lang', 'subject', 'preheader', 'html_bytes as htmlBytes'])
    .where('edition_id', '=', editionId)
    .where('topics', '=', '')
    .where('greeting', '=', '')
    .where('catch_up', '=', '')
    .orderBy('id')
    .execute();
  return rows;
}
