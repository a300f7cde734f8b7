import type { Db } from '../platform/db/database.ts';

/** The version of an edition that readers of one language get. */
export interface Variant {
  id: number;
  lang: string;
}

/** The edition's variants, one per language, without their text. */
export async function selectVariants(db: Db, editionId: number): Promise<Variant[]> {
  return db
    .selectFrom('edition_variants')
    .select(['id', 'lang'])
    .where('edition_id', '=', editionId)
    .where('topics', '=', '')
    .where('greeting', '=', '')
    .where('catch_up', '=', '')
    .orderBy('id')
    .execute();
}
