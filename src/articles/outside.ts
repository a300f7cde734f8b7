import { publicId } from '../lib/ids.ts';
import type { ArticleImage } from '../platform/db/tables.ts';
import { type Article, columnName } from './article.ts';
import { minutesFor } from './minutes.ts';
import type { Polled } from './poll-source.ts';
import type { SourcePreview } from './preview-source.ts';
import { healthOf, type Source } from './source.ts';
import type { Tidied } from './tidy.ts';

/** An article as the API and `--json` show it. */
export interface OutsideArticle {
  id: string;
  story_id: number;
  url: string | null;
  guid: string | null;
  source: string | null;
  title: string;
  dek: string | null;
  author: string | null;
  section: string | null;
  tags: string[];
  lang: string;
  image: ArticleImage | null;
  published_at: string | null;
  received_at: string;
  embargo_until: string | null;
  expires_at: string | null;
  priority: number;
  never: boolean;
  words: number;
  minutes: number;
  edited_fields: string[];
  withdrawn_at: string | null;
  revision: number;
}

export function outsideArticle(article: Article): OutsideArticle {
  return {
    id: publicId('article', article.id),
    story_id: article.storyId,
    url: article.canonicalUrl ?? null,
    guid: article.guid ?? null,
    source: article.sourceId === undefined ? null : publicId('source', article.sourceId),
    title: article.title,
    dek: article.dek ?? null,
    author: article.author ?? null,
    section: article.section ?? null,
    tags: article.tags,
    lang: article.lang,
    image: article.image ?? null,
    published_at: isoOrNull(article.publishedAt),
    received_at: article.receivedAt.toISOString(),
    embargo_until: isoOrNull(article.embargoUntil),
    expires_at: isoOrNull(article.expiresAt),
    priority: article.priority,
    never: article.never,
    words: article.words,
    minutes: minutesFor(article.words, article.lang),
    edited_fields: article.editedFields.map((name) => columnName[name]),
    withdrawn_at: isoOrNull(article.withdrawnAt),
    revision: article.revision,
  };
}

export function outsideWholeArticle(article: Article): OutsideArticle & { body: string | null } {
  return { ...outsideArticle(article), body: article.body ?? null };
}

/** A source as the API and `--json` show it. */
export interface OutsideSource {
  id: string;
  kind: 'feed' | 'page';
  url: string;
  section: string | null;
  lang: string;
  mapping: Record<string, string>;
  weight: number;
  state: 'new' | 'ok' | 'silent' | 'failing';
  words: string;
  last_ok_at: string | null;
  last_item_at: string | null;
  last_error: string | null;
  failures: number;
  next_poll_at: string;
  silent_after_hours: number;
}

export function outsideSource(source: Source, now: Date): OutsideSource {
  return {
    id: publicId('source', source.id),
    kind: source.kind,
    url: source.url,
    section: source.section ?? null,
    lang: source.lang,
    mapping: { ...source.sections },
    weight: source.weight,
    ...healthOf(source, now),
    last_ok_at: isoOrNull(source.lastOkAt),
    last_item_at: isoOrNull(source.lastItemAt),
    last_error: source.lastError ?? null,
    failures: source.failures,
    next_poll_at: source.nextPollAt.toISOString(),
    silent_after_hours: source.silentAfterHours,
  };
}

/** What a poll brought, and how the source is doing since. */
export function outsidePolled(polled: Polled, source: Source, now: Date) {
  const counts = polled.kind === 'polled' ? polled : undefined;
  return {
    outcome: polled.kind,
    new: counts?.new ?? 0,
    updated: counts?.updated ?? 0,
    unchanged: counts?.unchanged ?? 0,
    unusable: counts?.unusable ?? 0,
    remarks: counts?.remarks ?? [],
    reason: polled.kind === 'failed' ? polled.reason : null,
    source: outsideSource(source, now),
  };
}

/** What a preview understood of one item; nothing of it is stored. */
export interface OutsideItem {
  usable: boolean;
  remarks: string[];
  url: string | null;
  title: string | null;
  dek: string | null;
  author: string | null;
  section: string | null;
  tags: string[];
  lang: string | null;
  image: ArticleImage | null;
  published_at: string | null;
  paragraphs: number;
}

export function outsidePreview(preview: SourcePreview) {
  return {
    kind: preview.kind,
    url: preview.url,
    title: preview.title ?? null,
    lang: preview.lang ?? null,
    feeds: preview.feeds,
    items: preview.items.map(outsideItem),
  };
}

function outsideItem(item: Tidied): OutsideItem {
  const article = item.kind === 'article' ? item.article : item.found;
  return {
    usable: item.kind === 'article',
    remarks: item.remarks.map((remark) => remark.message),
    url: article.canonicalUrl ?? null,
    title: article.title ?? null,
    dek: article.dek ?? null,
    author: article.author ?? null,
    section: article.section ?? null,
    tags: article.tags ?? [],
    lang: article.lang ?? null,
    image: article.image ?? null,
    published_at: isoOrNull(article.publishedAt),
    paragraphs: article.body?.split('\n\n').length ?? 0,
  };
}

function isoOrNull(instant: Date | undefined): string | null {
  return instant?.toISOString() ?? null;
}
