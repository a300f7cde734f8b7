import { describe, expect, it } from 'vitest';
import type { IncomingArticle } from '../../src/articles/article.ts';
import { readFeed } from '../../src/articles/read-feed.ts';
import { readMarkdown } from '../../src/articles/read-markdown.ts';
import { readPage } from '../../src/articles/read-page.ts';
import { tidy } from '../../src/articles/tidy.ts';
import * as fixtures from './fixtures/one-story.ts';

const url = 'https://news.example.org/feed';

describe('one article in every format', () => {
  it.each([
    ['RSS 2.0', () => fromFeed(fixtures.rss)],
    ['RSS 1.0', () => fromFeed(fixtures.rdf)],
    ['Atom', () => fromFeed(fixtures.atom)],
    ['JSON Feed', () => fromFeed(fixtures.jsonFeed)],
    ['HTML page', fromPage],
    ['Markdown', fromMarkdown],
    ['API push', fromPush],
  ])('O6 %s gives the same fields', (_format, read) => {
    const { guid: _guid, ...fields } = read();
    expect(fields).toEqual(fixtures.story);
  });
});

function fromFeed(text: string): IncomingArticle {
  const feed = readFeed(text);
  if (feed.kind !== 'feed' || !feed.items[0]) throw new Error('no feed');
  return article(tidy(feed.items[0], { url, langDefault: feed.lang }));
}

function fromPage(): IncomingArticle {
  const page = readPage(fixtures.page, 'https://news.example.org/politics/senate-votes?print=1');
  if (page.kind !== 'article') throw new Error(page.reason);
  return article(tidy(page.found, { url }));
}

function fromMarkdown(): IncomingArticle {
  const read = readMarkdown(fixtures.markdown);
  if (read.kind !== 'article') throw new Error(read.reason);
  return article(tidy(read.found));
}

function fromPush(): IncomingArticle {
  const { author, body_html, published_at, ...same } = fixtures.push;
  return article(tidy({ ...same, authors: author, bodyHtml: body_html, published: published_at }));
}

function article(tidied: ReturnType<typeof tidy>): IncomingArticle {
  if (tidied.kind !== 'article') throw new Error(JSON.stringify(tidied.remarks));
  expect(tidied.remarks).toEqual([]);
  return tidied.article;
}
