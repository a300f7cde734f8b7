import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { decodeDocument } from './decode-document.ts';
import type { FoundArticle } from './found.ts';
import { readFeed } from './read-feed.ts';
import { readMarkdown } from './read-markdown.ts';
import { readPage } from './read-page.ts';
import { readText } from './read-text.ts';
import { type Received, receive } from './receive.ts';
import { understoodOrRefused } from './refuse.ts';
import { tidy } from './tidy.ts';

export interface Handed {
  content: Buffer;
  /** A file's name or a URL's path: its ending tells the format. */
  name: string;
  contentType?: string | undefined;
  /** Where it was fetched. */
  url?: string | undefined;
  lang?: string | undefined;
  section?: string | undefined;
}

export const documentBytesMax = 5 * 1024 * 1024;

/**
 * Takes in one document that holds one article: Markdown, an HTML page or plain text. The same document twice is one row.
 *
 * @throws Refusal 422 when there is no article in it or a part of it cannot be understood; nothing is stored then.
 */
export async function importDocument(ctx: Context, handed: Handed): Promise<Received> {
  if (handed.content.length > documentBytesMax) {
    throw new Refusal(422, 'too_large', 'the document is larger than 5 MB');
  }
  const text = decodeDocument(handed.content, handed.contentType);
  const found = foundIn(text, handed);
  const around = { url: handed.url, lang: handed.lang, section: handed.section };
  return receive(ctx, understoodOrRefused(tidy(found, around)));
}

function foundIn(text: string, handed: Handed): FoundArticle {
  switch (formatOf(text, handed)) {
    case 'markdown': {
      const read = readMarkdown(text);
      if (read.kind === 'unreadable') throw new Refusal(422, 'invalid_front_matter', read.reason);
      return read.found;
    }
    case 'page': {
      const page = readPage(text, handed.url ?? 'https://localhost/');
      if (page.kind === 'not-an-article')
        throw new Refusal(422, 'not_an_article', `not an article: ${page.reason}`);
      return handed.url === undefined ? { ...page.found, url: absolute(page.found.url) } : page.found;
    }
    case 'feed':
      throw new Refusal(422, 'is_a_feed', 'this is a feed: follow it with `dateline source add`');
    case 'text':
      return readText(text);
  }
}

type Format = 'markdown' | 'page' | 'feed' | 'text';

function formatOf(text: string, handed: Handed): Format {
  if (/^\s*(?:<\?xml[^>]*>\s*)?<(?:rss|feed|rdf:RDF)[\s>]/i.test(text) || looksLikeJsonFeed(text))
    return 'feed';
  const ending = /\.(\w+)$/.exec(handed.name)?.[1]?.toLowerCase();
  if (ending === 'md' || ending === 'markdown' || /markdown/i.test(handed.contentType ?? ''))
    return 'markdown';
  if (ending === 'html' || ending === 'htm' || /html/i.test(handed.contentType ?? '')) return 'page';
  if (ending === 'txt') return 'text';
  if (/^\s*<(?:!doctype html|html)[\s>]/i.test(text)) return 'page';
  return /^\uFEFF?---[ \t]*\r?\n/.test(text) ? 'markdown' : 'text';
}

function looksLikeJsonFeed(text: string): boolean {
  return /^\s*\{/.test(text) && readFeed(text).kind === 'feed';
}

/** A page that was not fetched has only the address that it names itself. */
function absolute(url: string | undefined): string | undefined {
  return url?.startsWith('https://localhost/') ? undefined : url;
}
