import { generateJsonFeed, generateRssFeed } from 'feedsmith';
import { archiveUrl } from '../newsletters/archive-url.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import { webUrl } from './addresses.ts';
import { EditionBlocks } from './edition-blocks.tsx';
import type { EditionPage } from './edition-page.ts';
import type { Listed } from './page-queries.ts';

export interface FeedOf {
  newsletter: Newsletter;
  lang: string;
  baseUrl: string;
  /** The newest first. */
  editions: readonly (Listed & { page: EditionPage })[];
}

/** A newsletter's editions as RSS 2.0, each with all that it says. Pure. */
export function rssFeed({ newsletter, lang, baseUrl, editions }: FeedOf): string {
  const home = archiveUrl(baseUrl, newsletter, lang);
  const self = { href: `${home}/feed.xml`, rel: 'self', type: 'application/rss+xml' };
  return generateRssFeed({
    title: newsletter.name,
    link: home,
    description: inLanguage(newsletter.promise, lang, newsletter.languages[0]),
    language: lang,
    atom: { links: [self] },
    items: editions.map((edition) => {
      const url = webUrl(baseUrl, newsletter, edition, lang);
      return {
        title: edition.title,
        link: url,
        description: edition.description,
        guid: { value: url, isPermaLink: true },
        pubDate: edition.appearsAt,
        content: { encoded: blocks(edition.page) },
      };
    }),
  });
}

/** The same as JSON Feed 1.1. Pure. */
export function jsonFeed({ newsletter, lang, baseUrl, editions }: FeedOf): string {
  const home = archiveUrl(baseUrl, newsletter, lang);
  const feed = generateJsonFeed({
    title: newsletter.name,
    home_page_url: home,
    feed_url: `${home}/feed.json`,
    description: inLanguage(newsletter.promise, lang, newsletter.languages[0]),
    language: lang,
    authors: [{ name: newsletter.fromName }],
    items: editions.map((edition) => {
      const url = webUrl(baseUrl, newsletter, edition, lang);
      const { image } = edition.page.view.lead;
      return {
        id: url,
        url,
        title: edition.title,
        summary: edition.description,
        content_html: blocks(edition.page),
        date_published: edition.appearsAt,
        date_modified: edition.changedAt,
        ...(image ? { image: image.url } : {}),
      };
    }),
  });
  return JSON.stringify(feed);
}

/** XML knows no control characters but these three, whatever a story holds. */
function blocks(page: EditionPage): string {
  return String(<EditionBlocks page={page} />).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');
}
