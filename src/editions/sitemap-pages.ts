import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { archiveUrl } from '../newsletters/archive-url.ts';
import { findNewsletter, listNewsletters } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { answerCached } from '../platform/http/cached.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { webUrl } from './addresses.ts';
import { mappedPages } from './page-queries.ts';
import { robots, type SitemapPage, sitemap, sitemapIndex } from './sitemap.ts';

/** A sitemap may name 50,000 addresses (sitemaps.org): so many editions, and the newest of them. */
const addressesMax = 49_000;
const maxAgeSeconds = 3600;
const xml = 'application/xml; charset=utf-8';

/** For search engines: what they may read, and where every public page is. */
export function sitemapPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  const { baseUrl } = ctx.config;
  app.get('/robots.txt', (c) => {
    const body = robots(baseUrl);
    return answerCached(c, { body, contentType: 'text/plain; charset=utf-8', maxAgeSeconds });
  });
  app.get('/sitemap.xml', async (c) => {
    const all = await listNewsletters(ctx.db);
    const urls = all.filter(isPublic).map(({ slug }) => `${baseUrl}/sitemap/${slug}.xml`);
    return answerCached(c, { body: sitemapIndex(urls), contentType: xml, maxAgeSeconds });
  });
  app.get('/sitemap/:file{[a-z0-9-]+\\.xml}', async (c) => {
    const newsletter = await findNewsletter(ctx.db, c.req.param('file').replace(/\.xml$/, ''));
    if (!newsletter || !isPublic(newsletter)) {
      throw new Refusal(404, 'no_such_newsletter', 'There is no such newsletter.');
    }
    const body = sitemap(await pagesOf(ctx, newsletter));
    return answerCached(c, { body, contentType: xml, maxAgeSeconds });
  });
  return app;
}

function isPublic(newsletter: Newsletter): boolean {
  return newsletter.visibility === 'public';
}

async function pagesOf(ctx: Context, newsletter: Newsletter): Promise<SitemapPage[]> {
  const { baseUrl } = ctx.config;
  const { languages } = newsletter;
  const editions = await mappedPages(ctx.db, {
    newsletterId: newsletter.id,
    appearedBy: ctx.clock.now(),
    limit: Math.floor(addressesMax / languages.length) - 2,
  });
  const archive = languages.map((lang) => ({ lang, url: archiveUrl(baseUrl, newsletter, lang) }));
  const signUp = languages.map((lang) => ({ lang, url: `${baseUrl}/s/${newsletter.slug}?lang=${lang}` }));
  return [
    ...(newsletter.state === 'open' ? signUp.map(({ url }) => ({ url, languages: signUp })) : []),
    ...archive.map(({ url }) => ({ url, changedAt: editions[0]?.changedAt, languages: archive })),
    ...editions.flatMap((edition) => {
      const versions = languages
        .filter((lang) => edition.languages.includes(lang))
        .map((lang) => ({ lang, url: webUrl(baseUrl, newsletter, edition, lang) }));
      return versions.map(({ url }) => ({ url, changedAt: edition.changedAt, languages: versions }));
    }),
  ];
}
