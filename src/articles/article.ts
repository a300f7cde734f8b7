import type { ArticleImage } from '../platform/db/tables.ts';

/** What the ledger knows of one article in one language. */
export interface Article extends ArticleFields {
  id: number;
  /** An article, its translations and its merged duplicates tell one story. */
  storyId: number;
  canonicalUrl: string | undefined;
  guid: string | undefined;
  sourceId: number | undefined;
  receivedAt: Date;
  /** Words of the body, or of the dek where there is no body. */
  words: number;
  /** Fields an editor changed: what the source says of them is kept aside. */
  editedFields: readonly FieldName[];
  withdrawnAt: Date | undefined;
  revision: number;
  updatedAt: Date;
}

/** What a source may say of an article and an editor may change. */
export interface ArticleFields {
  title: string;
  dek: string | undefined;
  /** Plain text, paragraphs separated by an empty line. */
  body: string | undefined;
  author: string | undefined;
  section: string | undefined;
  tags: string[];
  lang: string;
  image: ArticleImage | undefined;
  publishedAt: Date | undefined;
  embargoUntil: Date | undefined;
  expiresAt: Date | undefined;
  /** 0 to 3; 3 comes first. */
  priority: number;
  /** Never in a digest. */
  never: boolean;
}

export type FieldName = keyof ArticleFields;

/** Each field's name in the database, in the API and on the command line. */
export const columnName = {
  title: 'title',
  dek: 'dek',
  body: 'body',
  author: 'author',
  section: 'section',
  tags: 'tags',
  lang: 'lang',
  image: 'image',
  publishedAt: 'published_at',
  embargoUntil: 'embargo_until',
  expiresAt: 'expires_at',
  priority: 'priority',
  never: 'never',
} as const satisfies Record<FieldName, string>;

export const fieldNames = Object.keys(columnName) as FieldName[];

/**
 * An article as it comes in, whatever brought it. A field that is absent is one the source says nothing about; it never
 * empties what is known.
 */
export interface IncomingArticle extends Said {
  title: string;
  lang: string;
  canonicalUrl?: string;
  guid?: string;
  /** The row id of an article in another language that tells the same story. */
  translationOf?: number;
}

/** The fields that were said, and only those. */
export type Said = { [Name in FieldName]?: NonNullable<ArticleFields[Name]> };

export interface BarredBy {
  kind: 'withdrawn' | 'never' | 'embargoed' | 'expired';
  reason: string;
}

/** Why the article may not be shown to a reader at this instant, or `undefined` when it may. */
export function barredAt(article: Article, at: Date): BarredBy | undefined {
  if (article.withdrawnAt) {
    return { kind: 'withdrawn', reason: `withdrawn at ${article.withdrawnAt.toISOString()}` };
  }
  if (article.never) return { kind: 'never', reason: 'marked never to be in a digest' };
  if (article.embargoUntil && article.embargoUntil > at) {
    return { kind: 'embargoed', reason: `under embargo until ${article.embargoUntil.toISOString()}` };
  }
  if (article.expiresAt && article.expiresAt <= at) {
    return { kind: 'expired', reason: `expired at ${article.expiresAt.toISOString()}` };
  }
  return undefined;
}
