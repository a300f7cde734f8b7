import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId } from '../lib/ids.ts';
import type { Db } from '../platform/db/database.ts';
import { type Article, fieldNames, type IncomingArticle, type Said } from './article.ts';
import { wordsOf } from './fields.ts';
import * as queries from './queries.ts';
import { toArticle } from './queries.ts';

export interface Received {
  kind: 'new' | 'updated' | 'unchanged';
  article: Article;
}

/** An insert loses its race once, then sees the winner's row. */
const triesMax = 3;

/**
 * Takes an article in. The same article twice is one row: by its canonical URL, else by its source and guid, else by its own
 * words; a guid that later gets an address stays one row, and two rows that turn out to be one are merged. What the source
 * says changes the row, except the fields an editor changed, and is kept aside for all of them. Safe to run twice and by
 * several at once.
 *
 * @throws Refusal 422 `unknown_story` when it names a translation of an article that is not there.
 */
export async function receive(
  ctx: Context,
  incoming: IncomingArticle,
  from: { sourceId?: number } = {},
): Promise<Received> {
  const identity: queries.Identity = {
    canonicalUrl: incoming.canonicalUrl,
    sourceId: from.sourceId,
    guid: incoming.guid ?? (incoming.canonicalUrl === undefined ? fingerprintOf(incoming) : undefined),
  };
  const received = await ctx.db.transaction().execute(async (db) => {
    await queries.announceArrival(db);
    if (identity.guid) await queries.lockGuid(db, identity.sourceId, identity.guid);
    const now = ctx.clock.now();
    const storyId = await namedStory(db, incoming);
    for (let tries = 0; tries < triesMax; tries++) {
      const [same, other] = await queries.sameArticles(db, identity);
      if (same) {
        const duplicate = other?.canonical_url === null ? other : undefined;
        const merged = duplicate ? await merge(db, same, duplicate, now) : same;
        return update(db, {
          row: merged,
          changedBy: duplicate !== undefined,
          incoming,
          identity,
          storyId,
          now,
        });
      }
      const article = await insert(db, { incoming, identity, storyId, now });
      if (article) return { kind: 'new' as const, article };
    }
    throw new Error('an article is both there and not there');
  });
  if (received.kind !== 'unchanged') {
    const { id, storyId } = received.article;
    ctx.log.info({ deed: 'receive', articleId: id, storyId, ...from }, `receive: ${received.kind}`);
  }
  return received;
}

/** An article without an address or a guid is known by its words. */
function fingerprintOf(incoming: IncomingArticle): string {
  const hash = createHash('sha256').update(
    JSON.stringify([incoming.lang, incoming.title, incoming.body ?? '']),
  );
  return `sha256:${hash.digest('hex')}`;
}

async function namedStory(db: Db, incoming: IncomingArticle): Promise<number | undefined> {
  if (incoming.translationOf === undefined) return undefined;
  const original = await queries.articleById(db, incoming.translationOf);
  if (original) return original.story_id;
  const name = publicId('article', incoming.translationOf);
  throw new Refusal(422, 'unknown_story', `There is no article ${name} to be a translation of.`, 'story');
}

async function insert(
  db: Db,
  arrival: { incoming: IncomingArticle; identity: queries.Identity; storyId: number | undefined; now: Date },
): Promise<Article | undefined> {
  const { incoming, identity, now } = arrival;
  const said = saidBy(incoming);
  const row = await queries.insertArticle(db, {
    ...queries.toColumns(said),
    title: incoming.title,
    lang: incoming.lang,
    story_id: arrival.storyId ?? (await queries.nextStoryId(db)),
    canonical_url: identity.canonicalUrl ?? null,
    guid: identity.guid ?? null,
    source_id: identity.sourceId ?? null,
    words: wordsOf({ body: said.body, dek: said.dek }),
    source_fields: JSON.stringify(said),
    received_at: now,
    updated_at: now,
  });
  return row && toArticle(row);
}

async function update(
  db: Db,
  arrival: {
    row: queries.ArticleRow;
    changedBy: boolean;
    incoming: IncomingArticle;
    identity: queries.Identity;
    storyId: number | undefined;
    now: Date;
  },
): Promise<Received> {
  const { row, incoming, identity, now } = arrival;
  const article = toArticle(row);
  if (await isAnothers(db, row, identity)) {
    return { kind: arrival.changedBy ? 'updated' : 'unchanged', article };
  }
  const said = saidBy(incoming);
  const sourceFields = { ...row.source_fields, ...asJson(said) };
  const adopted = {
    canonical_url: row.canonical_url ?? identity.canonicalUrl ?? null,
    source_id: row.source_id ?? identity.sourceId ?? null,
    guid: guidAfter(row, identity),
    story_id: arrival.storyId ?? row.story_id,
  };
  const news = Object.entries(adopted).some(([name, value]) => row[name as keyof typeof adopted] !== value);
  if (!news && isDeepStrictEqual(sourceFields, row.source_fields)) {
    return { kind: arrival.changedBy ? 'updated' : 'unchanged', article };
  }
  const shown = Object.fromEntries(
    Object.entries(said).filter(([name]) => !row.edited_fields.includes(name)),
  ) as Said;
  const result = { ...article, ...shown };
  const updated = await queries.updateArticle(db, row.id, {
    ...queries.toColumns(shown),
    ...adopted,
    words: wordsOf(result),
    source_fields: JSON.stringify(sourceFields),
    updated_at: now,
  });
  return { kind: 'updated', article: toArticle(updated) };
}

/** A row listens to the source that brought it, and to people; two feeds that both carry it do not take turns. */
async function isAnothers(db: Db, row: queries.ArticleRow, identity: queries.Identity): Promise<boolean> {
  if (identity.sourceId === undefined || row.source_id === null || row.source_id === identity.sourceId)
    return false;
  return queries.isActiveSource(db, row.source_id);
}

/** A guid means something only beside its source. */
function guidAfter(row: queries.ArticleRow, identity: queries.Identity): string | null {
  const { guid = null, sourceId = null } = identity;
  if (sourceId === row.source_id) return row.guid ?? guid;
  return row.source_id === null ? (guid ?? row.guid) : row.guid;
}

/** The row without an address gives way: its story and the other's become one, and it is withdrawn. */
async function merge(
  db: Db,
  kept: queries.ArticleRow,
  duplicate: queries.ArticleRow,
  now: Date,
): Promise<queries.ArticleRow> {
  const older = Math.min(kept.story_id, duplicate.story_id);
  const younger = Math.max(kept.story_id, duplicate.story_id);
  if (older !== younger) await queries.joinStories(db, older, younger);
  await queries.updateArticle(db, duplicate.id, {
    guid: null,
    withdrawn_at: duplicate.withdrawn_at ?? now,
    updated_at: now,
  });
  return { ...kept, story_id: older };
}

function saidBy(incoming: IncomingArticle): Said {
  return Object.fromEntries(
    fieldNames.flatMap((name) => (incoming[name] === undefined ? [] : [[name, incoming[name]]])),
  );
}

/** As it comes back from the database, so that the two can be compared. */
function asJson(said: Said): Record<string, unknown> {
  return JSON.parse(JSON.stringify(said));
}
