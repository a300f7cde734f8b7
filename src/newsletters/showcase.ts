import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

/** An edition as the sign-up page shows it to those who do not have it yet. */
export interface ShownEdition {
  editionId: number;
  slotDate: string;
  subject: string;
  url: string;
  /** From when its page is there for everybody; without it, at once. */
  appearsAt?: string;
}

const shownMax = 3;
/** Beside those shown, what appears within the next week, two a day. */
export const keptMax = 20;

/**
 * Puts an edition on the newsletter's sign-up page, where the newest three of a language stand that have appeared. Called when its
 * sending starts. Safe to run twice, and in any order: an edition stands there once.
 */
export async function showEdition(
  db: Db,
  { newsletterId, lang }: { newsletterId: number; lang: string },
  edition: ShownEdition,
): Promise<void> {
  await sql`
    insert into newsletter_showcase as shown (newsletter_id, lang, latest)
    values (${newsletterId}, ${lang}, jsonb_build_array(${JSON.stringify(edition)}::jsonb))
    on conflict (newsletter_id, lang) do update set latest = (
      select jsonb_agg(one order by one->>'slotDate' desc, (one->>'editionId')::bigint desc)
      from (
        select one from jsonb_array_elements(
          jsonb_path_query_array(shown.latest, '$[*] ? (@.editionId != $id)', jsonb_build_object('id', ${edition.editionId}::bigint))
          || excluded.latest
        ) as one
        order by one->>'slotDate' desc, (one->>'editionId')::bigint desc
        limit ${keptMax}
      ) as kept)`.execute(db);
}

/** Empties what the sign-up page shows in a language, for the caller to fill anew in the same transaction. */
export async function emptyShowcase(
  db: Db,
  { newsletterId, lang }: { newsletterId: number; lang: string },
): Promise<void> {
  await db
    .deleteFrom('newsletter_showcase')
    .where('newsletter_id', '=', newsletterId)
    .where('lang', '=', lang)
    .execute();
}

/** The latest editions in a language that have appeared by now, newest first; the first is the one to read before signing up. */
export async function shownEditions(
  db: Db,
  newsletterId: number,
  lang: string,
  now: Date,
): Promise<ShownEdition[]> {
  const row = await db
    .selectFrom('newsletter_showcase')
    .select('latest')
    .where('newsletter_id', '=', newsletterId)
    .where('lang', '=', lang)
    .executeTakeFirst();
  const kept = (row?.latest as ShownEdition[] | undefined) ?? [];
  return kept.filter((one) => !one.appearsAt || new Date(one.appearsAt) <= now).slice(0, shownMax);
}
