import { parseHTML } from 'linkedom';
import { parseHttpUrl } from '../lib/http-url.ts';
import { boundedHtml } from './bounded-html.ts';

const feedType = /^application\/(?:rss\+xml|atom\+xml|feed\+json|rdf\+xml)/i;
const feedsMax = 10;

/** The feeds that a web page names, in its order (RSS autodiscovery). */
export function discoverFeeds(html: string, url: string): string[] {
  const { document } = parseHTML(boundedHtml(html));
  const feeds = [...document.querySelectorAll('link[rel~="alternate"]')]
    .filter((link) => feedType.test(link.getAttribute('type') ?? ''))
    .flatMap((link) => parseHttpUrl(link.getAttribute('href') ?? '', url)?.href ?? []);
  return [...new Set(feeds)].slice(0, feedsMax);
}
