import { Readability } from '@mozilla/readability';
import { parseHTML } from 'linkedom';
import { parseHttpUrl } from '../lib/http-url.ts';
import { boundedHtml } from './bounded-html.ts';
import { countWords } from './clean-text.ts';
import type { FoundArticle, FoundImage } from './found.ts';
import { type LinkedArticle, type Meta, type Page, readLinkedArticle, readMeta } from './page-meta.ts';

export type ReadPage =
  | { kind: 'article'; found: FoundArticle }
  /** There is no running text with a title in it. */
  | { kind: 'not-an-article'; reason: string };

/** Fewer are a menu or a notice. */
const wordsMin = 20;

/**
 * Reads one HTML page: what it says of itself in JSON-LD, then Open Graph and other `<meta>`, then what can be seen; the text
 * by Readability. The address is the canonical one that the page names, if that leads to a page of its own.
 */
export function readPage(html: string, url: string): ReadPage {
  const document: Page = parseHTML(withBody(boundedHtml(html))).document;
  const meta = readMeta(document);
  const linked = readLinkedArticle(document);
  const canonical = document.querySelector('link[rel~="canonical"]')?.getAttribute('href') ?? undefined;
  const lang = document.documentElement?.getAttribute('lang') || undefined;
  const time =
    document.querySelector('article time[datetime], time[pubdate]')?.getAttribute('datetime') ?? undefined;
  const heading = document.querySelector('h1')?.textContent ?? undefined;
  const named = document.querySelector('title')?.textContent ?? undefined;
  const text = textOf(document);
  if (!text) return notAnArticle('there is no running text on the page');
  return {
    kind: 'article',
    found: {
      url: ownAddress([canonical, meta.first('og:url'), linked?.url], url),
      title: linked?.headline ?? meta.first('og:title', 'twitter:title') ?? heading ?? text.title ?? named,
      dek: linked?.description ?? meta.first('og:description', 'description', 'twitter:description'),
      bodyHtml: text.html,
      authors: authorsOf(linked, meta, text.byline),
      section: linked?.section ?? meta.first('article:section'),
      tags: tagsOf(linked, meta),
      lang: lang ?? linked?.lang ?? meta.first('og:locale', 'content-language'),
      image: imageOf(linked, meta),
      published:
        linked?.published ?? meta.first('article:published_time', 'datepublished', 'date', 'dc.date') ?? time,
    },
  };
}

/** HTML lets a page leave out its `<body>` tag; the parser does not put it in. */
function withBody(html: string): string {
  if (/<body[\s>]/i.test(html)) return html;
  const opening = /<\/head>/i.exec(html) ?? /<html[^>]*>/i.exec(html);
  if (!opening) return `<html><body>${html}`;
  const at = opening.index + opening[0].length;
  return `${html.slice(0, at)}<body>${html.slice(at)}`;
}

function textOf(
  document: Page,
): { html: string; title: string | undefined; byline: string | undefined } | undefined {
  if (!document.documentElement) return undefined;
  const read = new Readability(document, { charThreshold: 200 }).parse();
  if (!read?.content || countWords(read.textContent ?? '') < wordsMin) return undefined;
  return { html: read.content, title: read.title ?? undefined, byline: read.byline ?? undefined };
}

/** A page that names the front page as its own address is misconfigured: all its articles would be one. */
function ownAddress(named: readonly (string | undefined)[], asked: string): string {
  for (const name of named) {
    const url = name === undefined ? undefined : parseHttpUrl(name, asked);
    if (url && (url.pathname !== '/' || url.search !== '' || new URL(asked).pathname === '/'))
      return url.href;
  }
  return asked;
}

function authorsOf(linked: LinkedArticle | undefined, meta: Meta, byline: string | undefined): string[] {
  const named = [
    linked?.authors ?? [],
    meta.all('author'),
    meta.all('article:author'),
    byline ? [byline] : [],
  ];
  const people = named.map((names) => names.filter((name) => !/^https?:/i.test(name)));
  return people.find((names) => names.length > 0) ?? [];
}

function tagsOf(linked: LinkedArticle | undefined, meta: Meta): string[] {
  if (linked && linked.keywords.length > 0) return linked.keywords;
  const tags = meta.all('article:tag');
  return tags.length > 0 ? tags : (meta.first('keywords', 'news_keywords')?.split(',') ?? []);
}

/** Open Graph's picture first: it is the one that comes with its words. */
function imageOf(linked: LinkedArticle | undefined, meta: Meta): FoundImage | undefined {
  const url = meta.first('og:image', 'og:image:url', 'og:image:secure_url', 'twitter:image');
  if (url === undefined) return linked?.image;
  const side = (name: string) => Number.parseInt(meta.first(name) ?? '', 10) || undefined;
  return {
    url,
    alt: meta.first('og:image:alt', 'twitter:image:alt') ?? linked?.image?.alt,
    width: side('og:image:width'),
    height: side('og:image:height'),
  };
}

function notAnArticle(reason: string): ReadPage {
  return { kind: 'not-an-article', reason };
}
