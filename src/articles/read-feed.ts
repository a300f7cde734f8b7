import { type AnyFeed, parseFeed } from 'feedsmith';
import { fromAtom, fromJson, fromRdf, fromRss } from './feed-items.ts';
import type { FoundArticle } from './found.ts';

export interface Feed {
  kind: 'feed';
  title: string | undefined;
  lang: string | undefined;
  /** How long the feed itself says it stays fresh. */
  ttlMinutes: number | undefined;
  /** What relative addresses hang on, where the feed says. */
  base: string | undefined;
  items: FoundArticle[];
}

export type ReadFeed = Feed | { kind: 'not-a-feed'; reason: string };

const itemsMax = 200;

/**
 * Reads RSS 2.0, RSS 1.0, Atom or JSON Feed; at most the first 200 items. A feed that declares entities is refused, since
 * they can read files and grow without end.
 */
export function readFeed(text: string): ReadFeed {
  const begun = text.replace(/^\uFEFF/, '').trimStart();
  if (begun === '') return notAFeed('the document is empty');
  if (/<!(?:DOCTYPE\s+(?!html)|ENTITY)[^>]*(?:\[|ENTITY)/i.test(begun.slice(0, 10_000))) {
    return notAFeed('it declares entities of its own');
  }
  try {
    return understand(parseFeed(begun, { maxItems: itemsMax }));
  } catch (error) {
    return notAFeed(inWords(error, begun));
  }
}

function understand(parsed: AnyFeed): Feed {
  switch (parsed.format) {
    case 'rss': {
      const { feed } = parsed;
      const items = dropRepeatedGuids((feed.items ?? []).map(fromRss));
      const lang = feed.language ?? feed.dc?.languages?.[0] ?? feed.xml?.lang;
      return { kind: 'feed', title: feed.title, lang, ttlMinutes: feed.ttl, base: feed.xml?.base, items };
    }
    case 'rdf': {
      const { feed } = parsed;
      const items = dropRepeatedGuids((feed.items ?? []).map(fromRdf));
      const lang = feed.dc?.languages?.[0] ?? feed.xml?.lang;
      return { kind: 'feed', title: feed.title, lang, ttlMinutes: undefined, base: feed.xml?.base, items };
    }
    case 'atom': {
      const { feed } = parsed;
      const items = dropRepeatedGuids((feed.entries ?? []).map((entry) => fromAtom(entry, feed)));
      const { lang, base } = feed.xml ?? {};
      return { kind: 'feed', title: feed.title?.value, lang, ttlMinutes: undefined, base, items };
    }
    case 'json': {
      const { feed } = parsed;
      const items = dropRepeatedGuids((feed.items ?? []).map((item) => fromJson(item, feed)));
      return {
        kind: 'feed',
        title: feed.title,
        lang: feed.language,
        ttlMinutes: undefined,
        base: undefined,
        items,
      };
    }
  }
}

/** A guid that several items of one feed carry tells none of them apart. */
function dropRepeatedGuids(items: FoundArticle[]): FoundArticle[] {
  const times = new Map<string, number>();
  for (const { guid } of items) if (guid) times.set(guid, (times.get(guid) ?? 0) + 1);
  return items.map((item) => ((times.get(item.guid ?? '') ?? 0) > 1 ? { ...item, guid: undefined } : item));
}

function notAFeed(reason: string): ReadFeed {
  return { kind: 'not-a-feed', reason };
}

function inWords(error: unknown, text: string): string {
  if (/^(?:<!doctype html|<html)/i.test(text)) return 'it is a web page';
  const known = /<(?:rss|feed|rdf:RDF)[\s>]/i.test(text.slice(0, 2_000));
  if (known) return 'it begins like a feed, but its XML is broken or cut off';
  if (text.startsWith('{')) return 'it is JSON, but no JSON Feed';
  const message = error instanceof Error ? error.message : String(error);
  return text.startsWith('<')
    ? `it is XML, but neither RSS nor Atom (${message})`
    : 'it is neither RSS, Atom nor JSON Feed';
}
