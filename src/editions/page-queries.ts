import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { ByLang } from '../platform/db/tables.ts';
import type { Edition, SlotName } from './edition.ts';
import { type EditionPage, titleLangOf } from './edition-page.ts';
import { toEdition } from './queries.ts';

export async function putPage(
  db: Db,
  printed: { editionId: number; lang: string; version: number; page: EditionPage; at: Date },
): Promise<void> {
  const { editionId, lang, version, page, at } = printed;
  const changing = {
    title: page.view.title,
    description: page.view.preheader,
    page: JSON.stringify(page),
    printed_at: at,
  };
  await db
    .insertInto('edition_pages')
    .values({ edition_id: editionId, lang, version, ...changing })
    .onConflict((conflict) => conflict.columns(['edition_id', 'lang', 'version']).doUpdateSet(changing))
    .execute();
}

/** A draft's pages in languages that it no longer has. */
export async function dropPages(db: Db, editionId: number, keep: readonly string[]): Promise<void> {
  await db
    .deleteFrom('edition_pages')
    .where('edition_id', '=', editionId)
    .where('lang', 'not in', keep.length > 0 ? [...keep] : [''])
    .execute();
}

/** The page as it stands: its last version. */
export async function currentPage(db: Db, editionId: number, lang: string): Promise<EditionPage | undefined> {
  const row = await db
    .selectFrom('edition_pages')
    .select('page')
    .where('edition_id', '=', editionId)
    .where('lang', '=', lang)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.page as EditionPage | undefined;
}

/** The languages in which it has a page, and the version that stands. */
export async function printedPages(
  db: Db,
  editionId: number,
): Promise<{ languages: string[]; version: number }> {
  const rows = await db
    .selectFrom('edition_pages')
    .select((eb) => ['lang', eb.fn.max('version').as('version')])
    .where('edition_id', '=', editionId)
    .groupBy('lang')
    .orderBy('lang')
    .execute();
  return { languages: rows.map((row) => row.lang), version: Math.max(0, ...rows.map((row) => row.version)) };
}

/** An edition of the archive in one language. */
export interface Listed extends SlotName {
  editionId: number;
  webKey: string;
  slotAt: Date;
  title: string;
  /** Set where it is in another language than the page. */
  titleLang: string | undefined;
  description: string;
  archiveDelayMinutes: number;
  /** When its page appeared, or is to appear. */
  appearsAt: Date;
  /** When its page last changed. */
  changedAt: Date;
}

interface ListedRow {
  id: number;
  slot_date: string;
  seq: number;
  slot_at: Date;
  web_key: string;
  archive_delay_minutes: number;
  appears_at: Date;
  title: string;
  lead_headline: string;
  lead_lang: string | null;
  description: string;
  printed_at: Date;
}

export interface Stretch {
  newsletterId: number;
  lang: string;
  /** Only older ones; of `newer` the nearest come. */
  older?: SlotName | undefined;
  newer?: SlotName | undefined;
  /** Only what has appeared by then; `undefined`: also what is still to appear. */
  appearedBy: Date | undefined;
  limit: number;
}

/** When a page is there for everybody; one that was published by an older version appeared at once. */
const appearance = sql`coalesce(e.appears_at, e.published_at, e.slot_at)`;

/** Without a delay a page has appeared at once, by whatever clock. */
function hasAppeared(by: Date): RawBuilder<boolean> {
  return sql`(e.archive_delay_minutes = 0 or ${appearance} <= ${by})`;
}

/** Published regular editions that have a page in the language, newest first. */
export async function listedPages(db: Db, stretch: Stretch): Promise<Listed[]> {
  const { older, newer } = stretch;
  const rows = await listRows(db, stretch, sql``);
  const listed = rows.map(toListed);
  return newer && !older ? listed.reverse() : listed;
}

/** The newest of them with all that they say, for feeds. */
export async function latestPages(db: Db, stretch: Stretch): Promise<(Listed & { page: EditionPage })[]> {
  const rows = await listRows<{ page: EditionPage }>(db, stretch, sql`, p.page`);
  return rows.map((row) => ({ ...toListed(row), page: row.page }));
}

async function listRows<More = unknown>(
  db: Db,
  stretch: Stretch,
  more: RawBuilder<unknown>,
): Promise<(ListedRow & More)[]> {
  const { newsletterId, lang, older, newer, appearedBy, limit } = stretch;
  const bound = older
    ? sql`and (e.slot_date, e.seq) < (${older.slotDate}::date, ${older.seq}::smallint)`
    : newer
      ? sql`and (e.slot_date, e.seq) > (${newer.slotDate}::date, ${newer.seq}::smallint)`
      : sql``;
  const order = newer && !older ? sql`e.slot_date, e.seq` : sql`e.slot_date desc, e.seq desc`;
  const { rows } = await sql<ListedRow & More>`
    select e.id, e.slot_date, e.seq, e.slot_at, e.web_key, e.archive_delay_minutes,
      ${appearance} as appears_at,
      p.title, p.page #>> '{view,lead,headline}' as lead_headline, p.page #>> '{view,lead,lang}' as lead_lang,
      p.description, p.printed_at ${more}
    from editions e
    join lateral (select * from edition_pages p where p.edition_id = e.id and p.lang = ${lang}
      order by p.version desc limit 1) p on true
    where e.newsletter_id = ${newsletterId} and e.kind = 'regular' and e.archive_state = 'public'
      and ${appearedBy ? hasAppeared(appearedBy) : sql`true`} ${bound}
    order by ${order} limit ${limit}`.execute(db);
  return rows;
}

/** Every published regular edition, newest first, with the languages it has pages in. */
export async function mappedPages(
  db: Db,
  { newsletterId, appearedBy, limit }: { newsletterId: number; appearedBy: Date; limit: number },
): Promise<(SlotName & { webKey: string; languages: string[]; changedAt: Date })[]> {
  const { rows } = await sql<{
    slot_date: string;
    seq: number;
    web_key: string;
    languages: string[];
    changed_at: Date;
  }>`
    select e.slot_date, e.seq, e.web_key, array_agg(distinct p.lang) as languages,
      greatest(${appearance}, max(p.printed_at)) as changed_at
    from editions e join edition_pages p on p.edition_id = e.id
    where e.newsletter_id = ${newsletterId} and e.kind = 'regular' and e.archive_state = 'public'
      and ${hasAppeared(appearedBy)}
    group by e.id order by e.slot_date desc, e.seq desc limit ${limit}`.execute(db);
  return rows.map((row) => ({
    slotDate: row.slot_date,
    seq: row.seq,
    webKey: row.web_key,
    languages: row.languages,
    changedAt: row.changed_at,
  }));
}

function toListed(row: ListedRow): Listed {
  return {
    editionId: row.id,
    webKey: row.web_key,
    slotDate: row.slot_date,
    seq: row.seq,
    slotAt: row.slot_at,
    title: row.title,
    titleLang: titleLangOf({
      title: row.title,
      lead: { headline: row.lead_headline, lang: row.lead_lang },
    }),
    description: row.description,
    archiveDelayMinutes: row.archive_delay_minutes,
    appearsAt: row.appears_at,
    changedAt: row.printed_at > row.appears_at ? row.printed_at : row.appears_at,
  };
}

/** What was wrong with an edition on the web, and when it was put right. */
export interface Correction {
  version: number;
  notes: ByLang;
  words: Record<string, ByLang>;
  by: string;
  at: Date;
}

/** The newest first. */
export async function correctionsOf(db: Db, editionId: number): Promise<Correction[]> {
  return db
    .selectFrom('corrections')
    .select(['version', 'notes', 'words', 'made_by as by', 'at'])
    .where('edition_id', '=', editionId)
    .orderBy('version', 'desc')
    .execute();
}

export async function putCorrection(db: Db, editionId: number, made: Correction): Promise<void> {
  await db
    .insertInto('corrections')
    .values({
      edition_id: editionId,
      version: made.version,
      notes: JSON.stringify(made.notes),
      words: JSON.stringify(made.words),
      made_by: made.by,
      at: made.at,
    })
    .execute();
}

/** Moves an edition that was once published on or off the web; `undefined` for one that never was. */
export async function setArchiveState(
  db: Db,
  editionId: number,
  to: 'public' | 'unpublished',
  now: Date,
): Promise<Edition | undefined> {
  const row = await db
    .updateTable('editions')
    .set({ archive_state: to, updated_at: now })
    .where('id', '=', editionId)
    .where('archive_state', '!=', 'hidden')
    .returningAll()
    .executeTakeFirst();
  return row && toEdition(row);
}
