import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { parseHttpUrl } from '../lib/http-url.ts';
import { discoverFeeds } from './discover-feeds.ts';
import { type FetchedDocument, fetchDocument } from './fetch-document.ts';
import { type Feed, readFeed } from './read-feed.ts';
import { type ReadPage, readPage } from './read-page.ts';

export type Inspected =
  | { kind: 'feed'; url: string; feed: Feed; feeds: string[] }
  | { kind: 'page'; url: string; page: ReadPage; feeds: string[] };

type Document = Extract<FetchedDocument, { kind: 'document' }>;

/**
 * Looks at what stands behind an address: a feed, the feed that a page there names, or, when asked for, the page itself.
 * Nothing is stored.
 *
 * @throws Refusal 422 `invalid_url`, `source_unreachable` or `not_a_feed`, each in words.
 */
export async function inspectSource(
  ctx: Context,
  asked: { url: string; kind?: 'feed' | 'page' | undefined },
): Promise<Inspected> {
  const url = sourceUrl(asked.url);
  const document = await get(ctx, url);
  if (asked.kind === 'page') {
    return { kind: 'page', url: document.url, page: readPage(document.text, document.url), feeds: [] };
  }
  const feed = readFeed(document.text);
  if (feed.kind === 'feed') return { kind: 'feed', url, feed, feeds: [url] };
  const feeds = looksLikePage(document) ? discoverFeeds(document.text, document.url) : [];
  const [first] = feeds;
  if (first === undefined) {
    const way = looksLikePage(document)
      ? ' and names no feed; to follow the page itself, add it as a page'
      : '';
    throw new Refusal(422, 'not_a_feed', `not a feed: ${feed.reason}${way}`, 'url');
  }
  const named = readFeed((await get(ctx, first)).text);
  if (named.kind === 'feed') return { kind: 'feed', url: first, feed: named, feeds };
  throw new Refusal(422, 'not_a_feed', `not a feed: the page names ${first}, but ${named.reason}`, 'url');
}

/** One address, however it was typed. */
function sourceUrl(text: string): string {
  const url = parseHttpUrl(text.trim());
  if (!url) throw new Refusal(422, 'invalid_url', `not an http or https URL: ${text.slice(0, 200)}`, 'url');
  url.hash = '';
  return url.href;
}

async function get(ctx: Context, url: string): Promise<Document> {
  const document = await fetchDocument(ctx, url);
  if (document.kind === 'document') return document;
  const reason =
    document.kind === 'failed' ? document.reason : 'it says it is unchanged, though it was not asked';
  throw new Refusal(422, 'source_unreachable', `cannot be read: ${reason}`, 'url');
}

function looksLikePage(document: Document): boolean {
  return /html/i.test(document.contentType) || /^\s*<(?:!doctype html|html)/i.test(document.text);
}
