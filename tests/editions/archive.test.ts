import { parseJsonFeed, parseRssFeed } from 'feedsmith';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { editArticle } from '../../src/articles/edit.ts';
import { namedArticle } from '../../src/articles/find-article.ts';
import { receive } from '../../src/articles/receive.ts';
import { editionCommand } from '../../src/editions/commands.ts';
import { correctEdition } from '../../src/editions/correct.ts';
import { draft } from '../../src/editions/draft.ts';
import type { Edition } from '../../src/editions/edition.ts';
import { namedEdition } from '../../src/editions/find.ts';
import { moveEdition } from '../../src/editions/move.ts';
import { preview } from '../../src/editions/preview.ts';
import { publishEdition } from '../../src/editions/publish.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { openNewsroom, receiveStories } from '../support/newsroom.ts';
import { look } from '../support/reader.ts';
import { runCommand } from '../support/shell.ts';
import { openTestWeb, type Web } from '../support/web.ts';

let web: Web;
let newsletter: Newsletter;
let first: Edition;
let second: Edition;
let key: string;

const dates = ['2026-07-14', '2026-07-15'] as const;

beforeAll(async () => {
  web = await openTestWeb();
  newsletter = await openNewsroom(web.ctx);
  key = (await createKey(web.ctx, { name: 'desk', scopes: ['*'], mode: 'live' })).text;
  first = await goOut(dates[0]);
  second = await goOut(dates[1]);
});
afterAll(() => web.close());

/** Receives a day's stories in both languages and lets its edition begin to go out. */
async function goOut(slotDate: string): Promise<Edition> {
  const { ctx } = web;
  ctx.clock.set(new Date(`${slotDate}T10:00:00Z`));
  await receiveStories(ctx, 6, (index) => ({ canonicalUrl: `https://www.example.org/${slotDate}/${index}` }));
  await receiveStories(ctx, 5, (index) => ({
    lang: 'id',
    title: `${['Senat', 'Mahkamah', 'Gubernur', 'Menteri', 'Serikat'][index]} pada ${slotDate}`,
    canonicalUrl: `https://www.example.org/id/${slotDate}/${index}`,
  }));
  await receive(ctx, {
    title: `A letter to readers of ${slotDate}`,
    lang: 'en',
    guid: `letter-${slotDate}`,
    body: 'We moved.\n\nThe desk is on the third floor now.',
    section: 'world',
    priority: 2,
    publishedAt: ctx.clock.now(),
  });
  const { edition } = await draft(ctx, { newsletter, slotDate });
  ctx.clock.set(new Date(`${slotDate}T11:00:00Z`));
  await ctx.db.transaction().execute(async (tx) => {
    await moveEdition(tx, edition.id, ['ready'], 'starting', ctx.clock.now());
    await moveEdition(tx, edition.id, ['starting'], 'sending', ctx.clock.now());
    await publishEdition(tx, edition.id, ctx.config.baseUrl);
  });
  return edition;
}

const run = (...line: string[]) =>
  runCommand(web.ctx, (shell) => [editionCommand(shell)], ['edition', ...line], {
    newsletter: 'inside-washington',
  });

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${web.url}${path}`, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

async function post(path: string, body: object = {}) {
  const response = await fetch(`${web.url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  return { status: response.status, body: (await response.json()) as any };
}

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
      const { urls } = (await run('show', dates[0])).document;
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

describe('an edition that was wrong', () => {
  it('R33 a correction shows a dated banner and changes the ETag', async () => {
    const { ctx } = web;
    const path = `/inside-washington/${dates[0]}`;
    const before = await get(path);
    ctx.clock.set(new Date('2026-07-14T15:20:00Z'));
    const article = await namedArticle(ctx.db, `art_${await leadOf(first.id)}`);
    await editArticle(ctx, article.id, { title: 'Senate keeps the budget in committee' });
    const made = await run(
      'correct',
      dates[0],
      '--note',
      'The Senate did not vote.',
      '--note',
      'id=Senat belum memberikan suara.',
    );
    expect([made.exit, made.error]).toEqual([0, '']);
    const after = await get(path);
    expect(after.headers.get('ETag')).not.toBe(before.headers.get('ETag'));
    expect((await get(path, { 'If-None-Match': before.headers.get('ETag') ?? '' })).status).toBe(200);
    expect(after.body).toContain('Corrected 14 July 2026, 11:20 EDT: The Senate did not vote.');
    expect(after.body).toContain('Senate keeps the budget in committee');
    expect(after.body).not.toContain(`>${article.title}</a></h2>`);
    expect(after.body).toContain('article:modified_time" content="2026-07-14T15:20:00.000Z"');
    const bahasa = await look(`${web.url}/id${path}`);
    expect(bahasa.text).toContain('Dikoreksi 14 Juli 2026, 11.20 EDT: Senat belum memberikan suara.');
    const feed = JSON.parse((await get('/inside-washington/feed.json')).body);
    expect(feed.items[1].date_modified).toBe('2026-07-14T15:20:00.000Z');
    const signUp = await look(`${web.url}/s/inside-washington?lang=en`);
    expect(signUp.text).toContain('Senate keeps the budget in committee');
  });

  it('is corrected over the API too, again and again, and every correction is kept', async () => {
    const made = await post(`/v1/editions/ed_${first.id}/corrections`, {
      note: { en: 'The title was too strong.' },
      subject: { en: 'A calmer title' },
    });
    expect([made.status, made.body.version]).toEqual([201, 3]);
    expect(made.body.by).toMatch(/^key:/);
    const again = await post(`/v1/editions/${dates[0]}/corrections?newsletter=inside-washington`, {
      note: { en: 'A name was misspelt.' },
    });
    expect(again.status).toBe(201);
    const page = await look(`${web.url}/inside-washington/${dates[0]}`);
    expect(page.text).toContain('A name was misspelt.');
    expect(page.text).toContain('The Senate did not vote.');
    expect((await get(`/inside-washington/${dates[0]}`)).body).toContain('<title>A calmer title ·');
    const list = await run('corrections', dates[0]);
    expect(list.document.map((one: { version: number }) => one.version)).toEqual([4, 3, 2]);
    const kept = await web.ctx.db
      .selectFrom('edition_pages')
      .select('version')
      .where('edition_id', '=', first.id)
      .where('lang', '=', 'en')
      .orderBy('version')
      .execute();
    expect(kept.map((row) => row.version)).toEqual([1, 2, 3, 4]);
  });

  it('is refused a correction without words, in no language of it, or before it went out', async () => {
    const refused = async (id: string, body: object) => {
      const { status, body: problem } = await post(`/v1/editions/${id}/corrections`, body);
      return [status, problem.code];
    };
    const id = `ed_${first.id}`;
    expect(await refused(id, { note: { en: '  ' } })).toEqual([422, 'no_note']);
    expect(await refused(id, { note: { fr: 'Non.', en: 'No.' } })).toEqual([422, 'no_such_language']);
    expect(await refused(id, { note: { en: 'x'.repeat(501) } })).toEqual([422, 'bad_note']);
    const { edition } = await draft(web.ctx, { newsletter, slotDate: '2026-07-20' });
    expect(await refused(`ed_${edition.id}`, { note: { en: 'Too early.' } })).toEqual([409, 'not_published']);
    expect((await post(`/v1/editions/ed_${edition.id}/unpublish`)).body.code).toBe('never_published');
  });

  it('R33 an unpublished edition answers 410 and is listed nowhere, until it is put back', async () => {
    const path = `/inside-washington/${dates[1]}`;
    expect((await run('unpublish', dates[1])).exit).toBe(0);
    expect((await run('unpublish', dates[1])).exit).toBe(0);
    for (const [page, words] of [
      [path, 'This edition is no longer published'],
      [`/id${path}`, 'Edisi ini tidak lagi diterbitkan'],
    ] as const) {
      const gone = await get(page);
      expect(gone.status).toBe(410);
      expect(gone.body).toContain(words);
      expect(gone.headers.get('Cache-Control')).toBe('no-store');
    }
    for (const list of ['', '/feed.xml', '/feed.json']) {
      expect((await get(`/inside-washington${list}`)).body, list).not.toContain(path);
    }
    expect((await get('/sitemap/inside-washington.xml')).body).not.toContain(path);
    expect((await get('/s/inside-washington?lang=en')).body).not.toContain(path);
    expect((await get('/inside-washington/latest')).headers.get('Location')).toContain(dates[0]);
    const back = await post(`/v1/editions/ed_${second.id}/republish`);
    expect([back.status, back.body.archive_state]).toEqual([200, 'public']);
    expect((await get(path)).status).toBe(200);
    expect((await get('/s/inside-washington?lang=en')).body).toContain(path);
  });

  it('tells its correction in the next edition, in both parts, and in that one only', async () => {
    const { ctx } = web;
    const wrong = await goOut('2026-07-21');
    ctx.clock.set(new Date('2026-07-21T15:20:00Z'));
    const notes = { en: 'The Senate did not vote.', id: 'Senat belum memberikan suara.' };
    await correctEdition(ctx, { edition: wrong, newsletter, notes, by: 'test' });
    const next = await goOut('2026-07-22');
    const { view, html, text } = await preview(ctx, { edition: await again(next), newsletter, lang: 'id' });
    const words = 'Dikoreksi 21 Juli 2026, 11.20 EDT: Senat belum memberikan suara.';
    const url = `${web.url}/id/inside-washington/2026-07-21`;
    expect(view.corrections?.items).toEqual([{ text: words, url }]);
    for (const part of [html, text.replace(/\s+/g, ' ')]) expect(part).toContain(words);
    expect((await get('/id/inside-washington/2026-07-22')).body).toContain(words);
    const later = await goOut('2026-07-23');
    for (const other of [wrong, later]) {
      const { view: told } = await preview(ctx, { edition: await again(other), newsletter });
      expect(told.corrections).toBeUndefined();
    }
  });
});

async function again({ id }: Edition): Promise<Edition> {
  return namedEdition(web.ctx.db, `ed_${id}`);
}

async function leadOf(editionId: number): Promise<number> {
  const row = await web.ctx.db
    .selectFrom('edition_stories as s')
    .innerJoin('articles as a', 'a.story_id', 's.story_id')
    .select('a.id')
    .where('s.edition_id', '=', editionId)
    .where('s.place', '=', 'lead')
    .where('a.lang', '=', 'en')
    .executeTakeFirstOrThrow();
  return row.id;
}

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
