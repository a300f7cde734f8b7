import { Refusal } from '../lib/errors.ts';
import { rowId } from '../lib/ids.ts';
import type { Db } from '../platform/db/database.ts';
import type { Article } from './article.ts';
import { articleById, articlesBefore, toArticle } from './queries.ts';

export interface ArticlePage {
  /** The last id of the page before. */
  before?: number | undefined;
  limit: number;
  lang?: string | undefined;
  section?: string | undefined;
  sourceId?: number | undefined;
  storyId?: number | undefined;
}

/** @throws Refusal 404 `no_such_article` when the id names none. */
export async function namedArticle(db: Db, name: string): Promise<Article> {
  const id = rowId('article', name);
  const row = id === undefined ? undefined : await articleById(db, id);
  if (row) return toArticle(row);
  throw new Refusal(404, 'no_such_article', `There is no article ${name.slice(0, 60)}.`);
}

/** Articles, the latest received first. */
export async function listArticles(db: Db, page: ArticlePage): Promise<Article[]> {
  return (await articlesBefore(db, page)).map(toArticle);
}
