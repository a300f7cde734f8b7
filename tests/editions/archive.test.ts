import { parseJsonFeed, parseRssFeed } from 'feedsmith';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { editArticle } from '../../src/articles/edit.ts';
import type { Edition } from '../../src/editions/edition.ts';
import { namedEdition } from '../../src/editions/find.ts';
import { unpublishEdition } from '../../src/editions/unpublish.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { goOut, openDesk } from '../support/archive.ts';
import { openNewsroom } from '../support/newsroom.ts';
import { look } from '../support/reader.ts';
import { openTestWeb, type Web } from '../support/web.ts';

let web: Web;
let newsletter: Newsletter;
let first: Edition;
let desk: Awaited<ReturnType<typeof openDesk>>;

const dates = ['2026-07-14', '2026-07-15'] as const;

beforeAll(async () => {
  web = await openTestWeb();
  newsletter = await openNewsroom(web.ctx);
  desk = await openDesk(web);
  first = await goOut(web.ctx, newsletter, dates[0]);
  await goOut(web.ctx, newsletter, dates[1]);
});
afterAll(() => web.close());

const get: typeof desk.get = (...asked) => desk.get(...asked);

describe('the archive of a newsletter', () => {
  it('lists its editions, the newest first, in each language', async () => {
    const index = await get('/inside-washington');
    expect(index.status).toBe(200);
    expect(index.body.indexOf(`/inside-washington/${dates[1]}`)).toBeLessThan(
      index.body.indexOf(`/inside-washington/${dates[0]}`),
    );
    const bahasa = await look(`${web.url}/id/inside-washington`);
    expect(bahasa.text).toContain('Selasa, 14 Juli 2026');
    expect(bahasa.text).toContain('Semua edisi');
    expect(bahasa.forms[0]?.fields).toMatchObject({ lang: 'id', src: 'archive-top' });
    expect((await get('/fr/inside-washington')).status).toBe(404);
    expect((await get('/no-such-letter')).status).toBe(404);
    const latest = await get('/id/inside-washington/latest');
    expect([latest.status, latest.headers.get('Location')]).toEqual([
      302,
      `${web.url}/id/inside-washington/${dates[1]}`,
    ]);
  });

  it('turns its pages by thirty, to the older ones and back', async () => {
    const made = await openMany(web, 64);
    const seen: string[] = [];
    let path = `/${made}`;
    const turns: string[] = [];
    for (;;) {
      const { body } = await get(path);
      seen.push(
        ...[...body.matchAll(/<h3><a href="[^"]*\/(\d{4}-\d{2}-\d{2})"/g)].map((one) => one[1] ?? ''),
      );
      const older = /rel="next" href="([^"]*older[^"]*)"/.exec(body)?.[1];
      turns.push(path);
      if (!older) break;
      path = older;
    }
    expect(turns).toHaveLength(3);
    expect(seen).toHaveLength(64);
    expect(new Set(seen).size).toBe(64);
    expect([...seen].sort().reverse()).toEqual(seen);
    const newer = /rel="prev" href="([^"]*newer[^"]*)"/.exec((await get(path)).body)?.[1] ?? '';
    const back = (await get(newer)).body;
    expect([...back.matchAll(/<h3>/g)]).toHaveLength(30);
    expect(back).toContain(seen[30]);
    expect(back).toContain(seen[59]);
    expect((await get(`/${made}?older=1990-01-01`)).status).toBe(404);
    expect((await get(`/${made}?older=nonsense`)).status).toBe(404);
  });

  it('says what the mail said, though an article is changed afterwards', async () => {
    const { ctx } = web;
    const before = await get(`/inside-washington/${dates[0]}`);
    const row = await ctx.db
      .selectFrom('edition_stories as s')
      .innerJoin('articles as a', 'a.story_id', 's.story_id')
      .select('a.id')
      .where('s.edition_id', '=', first.id)
      .where('s.place', '=', 'section')
      .where('a.lang', '=', 'en')
      .where('a.canonical_url', 'is not', null)
      .limit(1)
      .executeTakeFirstOrThrow();
    await editArticle(ctx, row.id, { title: 'A headline nobody was sent' });
    const after = await get(`/inside-washington/${dates[0]}`);
    expect(after.body).not.toContain('A headline nobody was sent');
    expect(after.headers.get('ETag')).toBe(before.headers.get('ETag'));
  });

  it('names its lead’s picture to who shares it, by its whole address, and loads it for nobody', async () => {
    const { ctx } = web;
    const tags = (html: string) =>
      [
        ...html.matchAll(
          /<meta (?:property|name)="((?:og:image|twitter:(?:card|image))[^"]*)" content="([^"]*)"/g,
        ),
      ].map((one) => [one[1], one[2]]);
    const shared = await get(`/inside-washington/${dates[0]}`);
    expect(tags(shared.body)).toEqual([
      ['og:image', 'https://www.example.org/lead.jpg'],
      ['og:image:alt', 'The dome at dawn'],
      ['twitter:card', 'summary_large_image'],
      ['twitter:image', 'https://www.example.org/lead.jpg'],
    ]);
    // The sign-up page is shared with the newest one's.
    const signUp = await get('/s/inside-washington');
    expect(tags(signUp.body)).toEqual(tags(shared.body).slice(0, 3));
    for (const { body } of [shared, signUp]) expect(body).not.toMatch(/<(img|picture|source)\b|url\(/);
    // One without its alternative text is not shown, nor shared.
    const plain = await changeNewsletter(ctx, newsletter.id, { recipe: { lead_needs_image: false } });
    await ctx.db.updateTable('articles').set({ image: null }).execute();
    await goOut(ctx, plain, '2026-07-20', () => ({
      image: { url: 'https://www.example.org/unnamed.jpg', alt: '' },
    }));
    expect(tags((await get('/inside-washington/2026-07-20')).body)).toEqual([['twitter:card', 'summary']]);
    const edition = await namedEdition(ctx.db, '2026-07-20', 'inside-washington');
    await unpublishEdition(ctx, { edition, newsletter, by: 'test' });
  });

  it('is where the sign-up page leads who wants to read first, in their language', async () => {
    const { baseUrl } = web.ctx.config;
    const english = await get('/s/inside-washington?lang=en');
    expect(english.body).toContain(`href="${baseUrl}/inside-washington">All editions</a>`);
    const bahasa = await get('/s/inside-washington?lang=id');
    expect(bahasa.body).toContain(`href="${baseUrl}/id/inside-washington">Semua edisi</a>`);
  });

  it('may be kept by caches for five minutes, and is asked for again by its ETag', async () => {
    for (const path of [
      '/inside-washington',
      `/inside-washington/${dates[0]}`,
      '/inside-washington/feed.xml',
      '/inside-washington/feed.json',
    ]) {
      const { headers, body } = await get(path);
      expect(headers.get('Cache-Control'), path).toBe('public, max-age=300');
      expect(headers.get('ETag'), path).toMatch(/^"[\w-]{22}"$/);
      expect(headers.get('Set-Cookie'), path).toBeNull();
      expect(Buffer.byteLength(body), path).toBeLessThan(60 * 1024);
      const again = await get(path, { 'If-None-Match': headers.get('ETag') ?? '' });
      expect([again.status, again.body], path).toEqual([304, '']);
    }
  });

  it('R32 has feeds that list the edition with all that it says', async () => {
    const rss = await get('/inside-washington/feed.xml');
    expect(rss.headers.get('Content-Type')).toBe('application/rss+xml; charset=utf-8');
    const feed = parseRssFeed(rss.body);
    expect(feed).toMatchObject({
      title: 'Inside Washington',
      link: `${web.url}/inside-washington`,
      language: 'en',
    });
    expect(feed.atom?.links?.[0]).toMatchObject({
      rel: 'self',
      href: `${web.url}/inside-washington/feed.xml`,
    });
    expect(feed.items?.map((item) => item.link)).toEqual(
      [dates[1], dates[0]].map((date) => `${web.url}/inside-washington/${date}`),
    );
    const item = feed.items?.[1];
    expect(item?.guid).toEqual({ value: item?.link, isPermaLink: true });
    expect(item?.pubDate).toBe('Tue, 14 Jul 2026 11:00:00 GMT');
    expect(item?.content?.encoded).toContain('The desk is on the third floor now.');
    const json = await get('/id/inside-washington/feed.json');
    expect(json.headers.get('Content-Type')).toBe('application/feed+json; charset=utf-8');
    const parsed = parseJsonFeed(JSON.parse(json.body));
    expect(JSON.parse(json.body).version).toBe('https://jsonfeed.org/version/1.1');
    expect(parsed.feed_url).toBe(`${web.url}/id/inside-washington/feed.json`);
    expect(parsed.items?.[1]).toMatchObject({
      id: `${web.url}/id/inside-washington/${dates[0]}`,
      date_published: '2026-07-14T11:00:00.000Z',
    });
    expect(parsed.items?.[1]?.content_html).toContain(`pada ${dates[0]}`);
  });

  it('is there for programs without a key, page by page', async () => {
    const ask = async (query: string) => JSON.parse((await get(`/v1/public/editions?${query}`)).body);
    const newest = await ask('newsletter=inside-washington&lang=id&limit=1');
    expect(newest.data).toHaveLength(1);
    expect(newest.data[0]).toMatchObject({
      newsletter: 'inside-washington',
      name: dates[1],
      lang: 'id',
      url: `${web.url}/id/inside-washington/${dates[1]}`,
      published_at: '2026-07-15T11:00:00.000Z',
    });
    const before = await ask(`newsletter=inside-washington&lang=id&limit=1&after=${newest.next}`);
    expect(before.data[0].name).toBe(dates[0]);
    expect((await ask('newsletter=no-such-letter')).code).toBe('no_such_newsletter');
    expect((await ask('newsletter=inside-washington&lang=fr')).code).toBe('no_such_language');
    expect((await ask('newsletter=inside-washington&after=x')).code).toBe('no_edition_name');
  });

  it('names every public page in sitemaps, and lets robots in', async () => {
    const robots = await get('/robots.txt');
    expect(robots.body).toContain(`Sitemap: ${web.url}/sitemap.xml`);
    expect(robots.body).not.toMatch(/^Disallow: \/$/m);
    expect((await get('/sitemap.xml')).body).toContain(`<loc>${web.url}/sitemap/inside-washington.xml</loc>`);
    const map = await get('/sitemap/inside-washington.xml');
    expect(map.headers.get('Content-Type')).toBe('application/xml; charset=utf-8');
    const places = [...map.body.matchAll(/<loc>([^<]+)<\/loc>/g)].map((one) => one[1] ?? '');
    expect(places).toContain(`${web.url}/id/inside-washington/${dates[0]}`);
    for (const place of places) expect((await fetch(place.replace('&amp;', '&'))).status, place).toBe(200);
    expect(map.body).toContain(`hreflang="id" href="${web.url}/id/inside-washington/${dates[0]}"`);
    expect((await get('/sitemap/no-such-letter.xml')).status).toBe(404);
  });

  it('shows a weekly best-of to who has its link, and lists it nowhere, since it repeats what is there', async () => {
    await web.ctx.database.pool.query(
      `with made as (
         insert into editions (newsletter_id, kind, slot_date, slot_at, state, archive_state, published_at, created_at, updated_at)
         select newsletter_id, 'weekly', '2026-07-17', slot_at, 'sent', 'public', published_at, created_at, updated_at
         from editions where id = $1 returning id)
       insert into edition_pages select made.id, lang, 1, title, description, page, printed_at
       from made, edition_pages p where p.edition_id = $1 and p.version = 1`,
      [first.id],
    );
    const page = await get('/id/inside-washington/weekly/2026-07-17');
    expect(page.status).toBe(200);
    expect(page.body).toContain('<meta name="robots" content="noindex"');
    expect((await get('/inside-washington/2026-07-17')).status).toBe(404);
    for (const list of [
      '/inside-washington',
      '/inside-washington/feed.xml',
      '/sitemap/inside-washington.xml',
    ]) {
      expect((await get(list)).body, list).not.toContain('2026-07-17');
    }
  });

  it('keeps a private newsletter out of lists, feeds, sitemaps and search engines', async () => {
    const set = (visibility: 'private' | 'public') =>
      web.ctx.db.updateTable('newsletters').set({ visibility }).where('id', '=', newsletter.id).execute();
    await set('private');
    try {
      for (const path of ['', '/feed.xml', '/feed.json']) {
        expect((await get(`/inside-washington${path}`)).status, path).toBe(404);
      }
      expect((await get('/sitemap/inside-washington.xml')).status).toBe(404);
      expect((await get('/sitemap.xml')).body).not.toContain('inside-washington');
      expect((await get('/v1/public/editions?newsletter=inside-washington')).status).toBe(404);
      expect((await get(`/inside-washington/${dates[0]}`)).status).toBe(404);
      expect((await get(`/inside-washington/${dates[0]}/${'0'.repeat(32)}`)).status).toBe(404);
      expect((await get('/inside-washington/latest')).status).toBe(404);
      const { urls } = (await desk.run('show', dates[0])).document;
      const path = new URL(urls.en).pathname;
      expect(path).toMatch(/^\/inside-washington\/2026-07-14\/[0-9a-f]{32}$/);
      const page = await get(path);
      expect(page.status).toBe(200);
      expect(page.headers.get('Cache-Control')).toBe('private, max-age=300');
      expect(page.headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(page.body).toContain('<meta name="robots" content="noindex"');
      expect(page.body).not.toContain('<form');
      // One page does not lead to the others.
      expect(page.body.match(/href="[^"]*2026-07-15[^"]*"/g)).toBeNull();
      expect(web.ctx.logged()).not.toContain(path.split('/').at(-1));
      const now = web.ctx.clock.now();
      web.ctx.clock.advance(61 * 24 * 3_600_000);
      expect((await get(path)).status).toBe(410);
      web.ctx.clock.set(now);
      await set('public');
      const moved = await get(path);
      expect([moved.status, moved.headers.get('Location')]).toEqual([
        301,
        `${web.url}/inside-washington/${dates[0]}`,
      ]);
    } finally {
      await set('public');
    }
  });
});

/** A newsletter with so many published editions, one a day, copied from the first one's pages. */
async function openMany({ ctx }: Web, count: number): Promise<string> {
  const { rows } = await ctx.database.pool.query(
    `insert into newsletters (slug, name, promise, languages, from_name, from_email, reply_to, time_zone, calendar, recipe, created_at)
     select 'many-editions', 'Many Editions', promise, languages, from_name, from_email, reply_to, time_zone, calendar, recipe, created_at
     from newsletters where id = $1 returning id`,
    [newsletter.id],
  );
  const { renewWordings } = await import('../../src/newsletters/wordings.ts');
  const { getNewsletter } = await import('../../src/newsletters/find.ts');
  await renewWordings(ctx.db, await getNewsletter(ctx.db, rows[0].id), ctx.clock.now());
  await ctx.database.pool.query(
    `with made as (
       insert into editions (newsletter_id, slot_date, slot_at, state, archive_state, published_at, created_at, updated_at)
       select $1, day::date, day, 'sent', 'public', day, day, day
       from generate_series(timestamptz '2026-01-01 12:00Z', timestamptz '2026-01-01 12:00Z' + make_interval(days => $2 - 1), interval '1 day') day
       returning id)
     insert into edition_pages select made.id, lang, 1, title, description, page, printed_at
     from made, edition_pages p where p.edition_id = $3 and p.version = 1`,
    [rows[0].id, count, first.id],
  );
  return 'many-editions';
}
