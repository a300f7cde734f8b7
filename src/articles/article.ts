import type { ArticleImage } from '../platform/db/tables.ts';

/** One text in one language, as it is stored. */
export interface Article {
  id: number;
  storyId: number;
  canonicalUrl: string | undefined;
  guid: string | undefined;
  sourceId: number | undefined;
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
  receivedAt: Date;
  embargoUntil: Date | undefined;
  expiresAt: Date | undefined;
  priority: number;
  /** Never in a digest. */
  never: boolean;
  words: number;
  editedFields: string[];
  withdrawnAt: Date | undefined;
  revision: number;
}
