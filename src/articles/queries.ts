import { type Insertable, type RawBuilder, type Selectable, sql, type Updateable } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { Tables } from '../platform/db/tables.ts';
import { type Article, type ArticleFields, columnName, type FieldName } from './article.ts';

export type ArticleRow = Selectable<Tables['articles']>;

const columnNames = [
  'id',
  'story_id',
  'canonical_url',
  'guid',
  'source_id',
  'title',
  'dek',
  'body',
  'author',
  'section',
  'tags',
  'lang',
  'image',
  'published_at',
  'received_at',
  'embargo_until',
  'expires_at',
  'priority',
  'never',
  'words',
  'source_fields',
  'edited_fields',
  'withdrawn_at',
  'revision',
  'updated_at',
] as const satisfies readonly (keyof ArticleRow)[];

/** The columns of `articles` under this alias, for a statement written out. */
export function articleColumns(alias: string): RawBuilder<unknown> {
  return sql.join(columnNames.map((name) => sql.ref(`${alias}.${name}`)));
}

export function toArticle(row: ArticleRow): Article {
  return {
    id: row.id,
    storyId: row.story_id,
    canonicalUrl: row.canonical_url ?? undefined,
    guid: row.guid ?? undefined,
    sourceId: row.source_id ?? undefined,
    title: row.title,
    dek: row.dek ?? undefined,
    body: row.body ?? undefined,
    author: row.author ?? undefined,
    section: row.section ?? undefined,
    tags: row.tags,
    lang: row.lang,
    image: row.image ?? undefined,
    publishedAt: row.published_at ?? undefined,
    receivedAt: row.received_at,
    embargoUntil: row.embargo_until ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    priority: row.priority,
    never: row.never,
    words: row.words,
    editedFields: row.edited_fields as FieldName[],
    withdrawnAt: row.withdrawn_at ?? undefined,
    revision: row.revision,
    updatedAt: row.updated_at,
  };
}

/** Fields as the columns take them. */
export function toColumns(fields: Partial<ArticleFields>): Partial<Insertable<Tables['articles']>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      columnName[name as FieldName],
      name === 'image' && value !== undefined ? JSON.stringify(value) : (value ?? null),
    ]),
  );
}

// One number for the two sides of one promise: whoever reads the stories of a window waits for the arrivals under way, so
// an article is never stamped with an instant that an edition has already passed by.
const arrivals = 7_341_120_415;

/** Says, until the end of this transaction, that an article is coming in. The clock is read after it. */
export async function announceArrival(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${arrivals}::bigint)`.execute(db);
}

/** Waits until every article that was coming in is in. */
export async function awaitArrivals(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${arrivals}::bigint)`.execute(db);
}

/** One guid of one source at a time: the schema cannot know that a row with an address may carry it too. */
export async function lockGuid(db: Db, sourceId: number | undefined, guid: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${sourceId ?? 0} ${guid}`}, 0))`.execute(db);
}

export interface Identity {
  canonicalUrl: string | undefined;
  sourceId: number | undefined;
  guid: string | undefined;
}

/**
 * The rows that are this article, held for this transaction: the one under its address, and one under its guid where that
 * row or the arriving article has no address. At most two, the one under the address first.
 */
export async function sameArticles(db: Db, identity: Identity): Promise<ArticleRow[]> {
  const { canonicalUrl = null, sourceId = null, guid = null } = identity;
  const { rows } = await sql<ArticleRow>`
    select ${articleColumns('a')} from articles a
    where a.canonical_url = ${canonicalUrl}
      or (a.guid = ${guid} and a.source_id is not distinct from ${sourceId}::bigint
        and (a.canonical_url is null or ${canonicalUrl}::text is null))
    order by a.canonical_url = ${canonicalUrl} desc nulls last, a.canonical_url is null, a.id desc limit 2
    for update`.execute(db);
  return rows;
}

export async function isActiveSource(db: Db, id: number): Promise<boolean> {
  const query = db.selectFrom('sources').select('id').where('id', '=', id).where('state', '=', 'active');
  return (await query.executeTakeFirst()) !== undefined;
}

export async function nextStoryId(db: Db): Promise<number> {
  const { rows } = await sql<{ id: number }>`select nextval('story_ids') as id`.execute(db);
  if (!rows[0]) throw new Error('story_ids gave no number');
  return rows[0].id;
}

/** @returns `undefined` when the address or guid is there already. */
export async function insertArticle(
  db: Db,
  row: Insertable<Tables['articles']>,
): Promise<ArticleRow | undefined> {
  return db
    .insertInto('articles')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning(columnNames)
    .executeTakeFirst();
}

export async function updateArticle(
  db: Db,
  id: number,
  changes: Updateable<Tables['articles']>,
): Promise<ArticleRow> {
  return db
    .updateTable('articles')
    .set((row) => ({ ...changes, revision: row('revision', '+', 1) }))
    .where('id', '=', id)
    .returning(columnNames)
    .executeTakeFirstOrThrow();
}

/** Two stories turn out to be one: every version of the younger joins the older. */
export async function joinStories(db: Db, older: number, younger: number): Promise<void> {
  await db.updateTable('articles').set({ story_id: older }).where('story_id', '=', younger).execute();
}

export async function articleById(db: Db, id: number): Promise<ArticleRow | undefined> {
  return db.selectFrom('articles').select(columnNames).where('id', '=', id).executeTakeFirst();
}

export async function lockArticle(db: Db, id: number): Promise<ArticleRow | undefined> {
  return db.selectFrom('articles').select(columnNames).where('id', '=', id).forUpdate().executeTakeFirst();
}

export async function articlesBefore(
  db: Db,
  page: {
    before?: number | undefined;
    limit: number;
    lang?: string | undefined;
    section?: string | undefined;
    sourceId?: number | undefined;
    storyId?: number | undefined;
  },
): Promise<ArticleRow[]> {
  let query = db.selectFrom('articles').select(columnNames).orderBy('id', 'desc').limit(page.limit);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  if (page.lang !== undefined) query = query.where('lang', '=', page.lang);
  if (page.section !== undefined) query = query.where('section', '=', page.section);
  if (page.sourceId !== undefined) query = query.where('source_id', '=', page.sourceId);
  if (page.storyId !== undefined) query = query.where('story_id', '=', page.storyId);
  return query.execute();
}
