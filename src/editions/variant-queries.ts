import type { Db } from '../platform/db/database.ts';

export interface Variant {
  id: number;
  lang: string;
  subject: string;
  preheader: string;
  htmlBytes: number;
}

export async function putVariant(
  db: Db,
  variant: {
    editionId: number;
    lang: string;
    subject: string;
    preheader: string;
    html: string;
    text: string;
    mime: unknown;
    htmlBytes: number;
    revision: number;
  },
): Promise<void> {
  const { editionId, lang, mime, htmlBytes, ...words } = variant;
  const changing = { ...words, mime: JSON.stringify(mime), html_bytes: htmlBytes };
  await db
    .insertInto('edition_variants')
    .values({ edition_id: editionId, lang, ...changing })
    .onConflict((conflict) =>
      conflict.columns(['edition_id', 'lang', 'topics', 'greeting', 'catch_up']).doUpdateSet(changing),
    )
    .execute();
}

export async function dropVariants(db: Db, editionId: number, keep: readonly string[]): Promise<void> {
  await db
    .deleteFrom('edition_variants')
    .where('edition_id', '=', editionId)
    .where('lang', 'not in', keep.length > 0 ? [...keep] : [''])
    .execute();
}

export async function variantsOf(db: Db, editionId: number): Promise<Variant[]> {
  const rows = await db
    .selectFrom('edition_variants')
    .select(['id', 'lang', 'subject', 'preheader', 'html_bytes as htmlBytes'])
    .where('edition_id', '=', editionId)
    .orderBy('id')
    .execute();
  return rows;
}
