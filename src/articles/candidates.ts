import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { type Article, barredAt } from './article.ts';
import { type ArticleRow, articleColumns, awaitArrivals, toArticle } from './queries.ts';

/** A story that an edition may weigh. */
export interface Candidate {
  storyId: number;
  /** The article to show per language asked for: only languages that have one. */
  byLang: Readonly<Record<string, Article>>;
  /** The same articles, in the order of the languages asked for; the first one leads. */
  articles: readonly Article[];
  firstReceivedAt: Date;
  /** When it was published, or first received where no source says; never later than it was received. */
  publishedAt: Date;
  priority: number;
  /** The weight that its source has among the sources. */
  sourceWeight: number;
  carried: boolean;
  /** Why it may not be in this edition; an embargo ends, so such a story is worth carrying over. */
  barred: Barred | undefined;
}

export interface Barred {
  kind: 'withdrawn' | 'never' | 'embargoed' | 'expired' | 'too-old' | 'no-language';
  reason: string;
}

export interface CandidateQuery {
  /** Where the last sent edition stopped; `undefined` before the first. */
  since: Date | undefined;
  asOf: Date;
  /** When the first reader may see it; embargo and expiry are held against this. Default `asOf`. */
  firstDeliveryAt?: Date;
  /** The newsletter's languages, the most important first. */
  languages: readonly string[];
  ageMaxHours: number;
  carriedStoryIds?: readonly number[];
  /** Left out altogether, such as stories another edition holds. */
  excludeStoryIds?: readonly number[];
}

const candidatesMax = 5_000;
const hourMs = 3_600_000;

/**
 * Stories first received after `since` and up to `asOf`, and those carried over, with the article for each language. What
 * may not be shown comes back with the reason instead of silently missing. The same rows give the same answer in the same
 * order: priority, then published time, then id. At most 5,000 stories, the latest received.
 *
 * The window is on when a story was received: an article that a source tells of late is not lost,
 * nor is one that is on its way in at this moment, since it is waited for.
 */
export async function findCandidates(db: Db, query: CandidateQuery): Promise<Candidate[]> {
  const since = query.since ?? new Date(query.asOf.getTime() - query.ageMaxHours * hourMs);
  const carried = [...(query.carriedStoryIds ?? [])];
  await awaitArrivals(db);
  const { rows } = await sql<ArticleRow & { first_received_at: Date; weight: number }>`
    with stories as (
      select named.story_id, min(a.received_at) as first_received_at
      from (
        select distinct story_id from articles where received_at > ${since} and received_at <= ${query.asOf}
        union select unnest(${carried}::bigint[])
        except select unnest(${[...(query.excludeStoryIds ?? [])]}::bigint[])
      ) named join articles a on a.story_id = named.story_id
      group by named.story_id
      having min(a.received_at) > ${since} or named.story_id = any(${carried}::bigint[])
      order by min(a.received_at) desc, named.story_id desc
      limit ${candidatesMax}
    )
    select ${articleColumns('a')}, stories.first_received_at, coalesce(s.weight, 0) as weight
    from stories
    join articles a on a.story_id = stories.story_id and a.received_at <= ${query.asOf}
    left join sources s on s.id = a.source_id
    order by a.story_id, a.priority desc, a.id`.execute(db);

  const stories = new Map<number, (typeof rows)[number][]>();
  for (const row of rows) stories.set(row.story_id, [...(stories.get(row.story_id) ?? []), row]);
  return [...stories].map(([storyId, versions]) => weigh(storyId, versions, query, carried)).sort(byRank);
}

/**
 * Every article of these stories, each story's best version first. Articles that may not be shown are among them: ask
 * `barredAt`.
 */
export async function articlesOfStories(db: Db, storyIds: readonly number[]): Promise<Article[]> {
  if (storyIds.length === 0) return [];
  const { rows } = await sql<ArticleRow>`
    select ${articleColumns('a')} from articles a where a.story_id = any(${[...storyIds]}::bigint[])
    order by a.story_id, a.withdrawn_at is not null, a.priority desc, a.id`.execute(db);
  return rows.map(toArticle);
}

function weigh(
  storyId: number,
  versions: readonly (ArticleRow & { first_received_at: Date; weight: number })[],
  query: CandidateQuery,
  carried: readonly number[],
): Candidate {
  const all = versions.map(toArticle);
  const shownFrom = query.firstDeliveryAt ?? query.asOf;
  const bars = all.map((article) => barredAt(article, shownFrom));
  const usable = all.filter((_, index) => bars[index] === undefined);
  const byLang: Record<string, Article> = {};
  for (const lang of query.languages) {
    const article = usable.find((one) => one.lang === lang);
    if (article) byLang[lang] = article;
  }
  const articles = query.languages.flatMap((lang) => byLang[lang] ?? []);
  const counted = articles.length > 0 ? articles : all;
  const firstReceivedAt = versions[0]?.first_received_at ?? query.asOf;
  const publishedAt = new Date(Math.max(...counted.map(publishedMs)));
  return {
    storyId,
    byLang,
    articles,
    firstReceivedAt,
    publishedAt,
    priority: Math.max(...counted.map((article) => article.priority)),
    sourceWeight: Math.max(...versions.map((row) => row.weight)),
    carried: carried.includes(storyId),
    barred: barring(query, { bars, usable: usable.length, shown: articles.length, publishedAt }),
  };
}

/** A source whose clock runs ahead does not put its stories on top. */
function publishedMs(article: Article): number {
  const receivedMs = article.receivedAt.getTime();
  return Math.min(article.publishedAt?.getTime() ?? receivedMs, receivedMs);
}

/** One version under embargo holds the whole story: a translation would tell it too. */
function barring(
  query: CandidateQuery,
  story: {
    bars: readonly (Barred | undefined)[];
    usable: number;
    shown: number;
    publishedAt: Date;
  },
): Barred | undefined {
  const embargo = story.bars.find((bar) => bar?.kind === 'embargoed');
  if (embargo) return embargo;
  if (story.usable === 0) return story.bars.find((bar) => bar !== undefined);
  if (story.shown === 0) return { kind: 'no-language', reason: `not in ${query.languages.join(' or ')}` };
  const ageHours = (query.asOf.getTime() - story.publishedAt.getTime()) / hourMs;
  if (ageHours > query.ageMaxHours) {
    return { kind: 'too-old', reason: `older than ${query.ageMaxHours} hours` };
  }
  return undefined;
}

function byRank(a: Candidate, b: Candidate): number {
  return (
    b.priority - a.priority || b.publishedAt.getTime() - a.publishedAt.getTime() || a.storyId - b.storyId
  );
}
