import { escapeHtml } from '../lib/escape-html.ts';

export interface SitemapPage {
  url: string;
  changedAt?: Date | undefined;
  /** The same page in each of its languages, itself included. */
  languages: readonly { lang: string; url: string }[];
}

/** Says where the sitemap of each newsletter is (sitemaps.org 0.9). Pure. */
export function sitemapIndex(urls: readonly string[]): string {
  const entries = urls.map((url) => `<sitemap><loc>${escapeHtml(url)}</loc></sitemap>`);
  return `${declaration}<sitemapindex xmlns="${namespace}">\n${entries.join('\n')}\n</sitemapindex>\n`;
}

/** A sitemap with each page's translations. Pure. */
export function sitemap(pages: readonly SitemapPage[]): string {
  const entries = pages.map(({ url, changedAt, languages }) => {
    const modified = changedAt ? `<lastmod>${changedAt.toISOString()}</lastmod>` : '';
    const alternates = languages.map(
      (one) =>
        `<xhtml:link rel="alternate" hreflang="${escapeHtml(one.lang)}" href="${escapeHtml(one.url)}"/>`,
    );
    return `<url><loc>${escapeHtml(url)}</loc>${modified}${alternates.join('')}</url>`;
  });
  return `${declaration}<urlset xmlns="${namespace}" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n${entries.join('\n')}\n</urlset>\n`;
}

/** What robots may read: what people are meant to find. Pure. */
export function robots(baseUrl: string): string {
  const closed = ['/desk/', '/trap/', '/v1/', '/confirm/', '/confirmed/', '/u/', '/m/'];
  return [
    'User-agent: *',
    ...closed.map((path) => `Disallow: ${path}`),
    '',
    `Sitemap: ${baseUrl}/sitemap.xml`,
    '',
  ].join('\n');
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const namespace = 'http://www.sitemaps.org/schemas/sitemap/0.9';
