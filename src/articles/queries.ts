import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { Tables } from '../platform/db/tables.ts';
import type { Article, FieldName } from './article.ts';

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
