import type { FoundArticle } from './found.ts';
import { readFeed } from './read-feed.ts';
import { readPage } from './read-page.ts';
import type { Source } from './source.ts';
import { type Surroundings, type Tidied, tidy } from './tidy.ts';

export type ReadSource =
  | { kind: 'read'; items: Tidied[]; ttlMinutes: number | undefined }
  | { kind: 'unreadable'; reason: string };

/** The articles in a source's document, as the source's settings say. */
export function readSource(source: Source, document: { url: string; text: string }): ReadSource {
  const { section, sections } = source;
  if (source.kind === 'page') {
    const page = readPage(document.text, document.url);
    if (page.kind === 'not-an-article')
      return { kind: 'unreadable', reason: `not an article: ${page.reason}` };
    const around = { url: document.url, section, sections, lang: source.lang };
    return { kind: 'read', items: tidyAll([page.found], around), ttlMinutes: undefined };
  }
  const feed = readFeed(document.text);
  if (feed.kind === 'not-a-feed') return { kind: 'unreadable', reason: `not a feed: ${feed.reason}` };
  const around = { url: feed.base ?? document.url, section, sections, langDefault: source.lang };
  return { kind: 'read', items: tidyAll(feed.items, around), ttlMinutes: feed.ttlMinutes };
}

function tidyAll(found: readonly FoundArticle[], around: Surroundings): Tidied[] {
  return found.map((one) => tidy(one, around));
}
