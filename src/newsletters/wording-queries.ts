import type { Db } from '../platform/db/database.ts';
import type { Wording } from './wording.ts';

const columns = ['id', 'purpose', 'version', 'lang', 'text'] as const;

/** Newest first; the two of one version stand next to each other. */
export async function latestWordings(db: Db, newsletterId: number, lang: string): Promise<Wording[]> {
  return db
    .selectFrom('wordings')
    .select(columns)
    .where('newsletter_id', '=', newsletterId)
    .where('lang', '=', lang)
    .orderBy('id', 'desc')
    .limit(2)
    .execute();
}

export async function wordingsOf(
  db: Db,
  { newsletterId, version, lang }: { newsletterId: number; version: string; lang: string },
): Promise<Wording[]> {
  return db
    .selectFrom('wordings')
    .select(columns)
    .where('newsletter_id', '=', newsletterId)
    .where('version', '=', version)
    .where('lang', '=', lang)
    .execute();
}

export async function insertWording(
  db: Db,
  row: Omit<Wording, 'id'> & { newsletterId: number; sha256: string; now: Date },
): Promise<void> {
  await db
    .insertInto('wordings')
    .values({
      purpose: row.purpose,
      newsletter_id: row.newsletterId,
      version: row.version,
      lang: row.lang,
      text: row.text,
      sha256: row.sha256,
      created_at: row.now,
    })
    .execute();
}
