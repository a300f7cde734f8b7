import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { preparedOnce } from '../platform/db/prepared.ts';

/** An edition as the sign-up page shows it to those who do not have it yet. */
export interface ShownEdition {
  editionId: number;
  slotDate: string;
  subject: string;
  /** Set where it is in another language than the page. */
  subjectLang?: string;
  url: string;
  /** Of its lead story: what a link to the sign-up page shows where it is shared. */
  picture?: { url: string; alt: string };
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
  changes += 1;
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
  changes += 1;
  await db
    .deleteFrom('newsletter_showcase')
    .where('newsletter_id', '=', newsletterId)
    .where('lang', '=', lang)
    .execute();
}

const rememberedMs = 1_000;

interface Shown {
  askedAtMs: number;
  change: number;
  latest: Promise<ShownEdition[]>;
}

const remembered = new WeakMap<Db, Map<string, Shown>>();
/** How often this process has changed what is shown. */
let changes = 0;

/**
 * The latest editions in a language that have appeared by now, newest first; the first is the one to read before signing up.
 * What another process shows is seen a second later: every look at a sign-up page asks.
 */
export async function shownEditions(
  db: Db,
  newsletterId: number,
  lang: string,
  now: Date,
): Promise<ShownEdition[]> {
  const kept = await keptEditions(db, newsletterId, lang);
  return kept.filter((one) => !one.appearsAt || new Date(one.appearsAt) <= now).slice(0, shownMax);
}

function keptEditions(db: Db, newsletterId: number, lang: string): Promise<ShownEdition[]> {
  const here = remembered.get(db) ?? new Map<string, Shown>();
  remembered.set(db, here);
  const key = `${newsletterId} ${lang}`;
  const last = here.get(key);
  const nowMs = performance.now();
  if (last && last.change === changes && nowMs - last.askedAtMs < rememberedMs) return last.latest;
  const latest = readShown(db, { newsletterId, lang });
  here.set(key, { askedAtMs: nowMs, change: changes, latest });
  latest.catch(() => here.delete(key));
  return latest;
}

async function readShown(db: Db, asked: { newsletterId: number; lang: string }): Promise<ShownEdition[]> {
  const { rows } = await selectShown(db, asked);
  return rows[0]?.latest ?? [];
}

const selectShown = preparedOnce<{ newsletterId: number; lang: string }, { latest: ShownEdition[] }>(
  'shown-editions',
  (v) =>
    sql`select latest from newsletter_showcase where newsletter_id = ${v.newsletterId} and lang = ${v.lang}`,
);
