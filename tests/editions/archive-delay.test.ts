import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Edition } from '../../src/editions/edition.ts';
import { latestStories } from '../../src/editions/latest-stories.ts';
import { unpublishEdition } from '../../src/editions/unpublish.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { goOut, openDesk } from '../support/archive.ts';
import { openNewsroom } from '../support/newsroom.ts';
import { look, press } from '../support/reader.ts';
import { openTestWeb, type Web } from '../support/web.ts';

// A newsletter whose editions appear in the archive six hours after they went out: readers have them first, by a link that is
// the same for all of them and never a dead end; nobody else finds them before.

const [first, second] = ['2026-07-14', '2026-07-15'] as const;
const hourMs = 3_600_000;
let web: Web;
let newsletter: Newsletter;
let desk: Awaited<ReturnType<typeof openDesk>>;
let late: Edition;

beforeAll(async () => {
  web = await openTestWeb();
  newsletter = await openNewsroom(web.ctx, { archive_delay_minutes: 360 });
  desk = await openDesk(web);
  await goOut(web.ctx, newsletter, first);
  late = await goOut(web.ctx, newsletter, second);
});
afterAll(() => web.close());

/** The addresses of the archive in a mail. */
const mailedLinks = async (editionId: number, lang: string) => {
  const mail = await web.ctx.db
    .selectFrom('edition_variants')
    .select('text')
    .where('edition_id', '=', editionId)
    .where('lang', '=', lang)
    .executeTakeFirstOrThrow();
  const urls = mail.text.match(/https?:\/\/\S+/g) ?? [];
  return { own: [...new Set(urls.filter((url) => url.includes('/inside-washington/2026-07-1')))] };
};

/** Every place where editions are found by who has no mail. */
async function placesThatShow(date: string): Promise<string[]> {
  const places = [
    '/inside-washington',
    '/id/inside-washington',
    '/inside-washington/feed.xml',
    '/inside-washington/feed.json',
    '/sitemap/inside-washington.xml',
    '/v1/public/editions?newsletter=inside-washington',
    `/inside-washington/${first}`,
    '/s/inside-washington',
    '/s',
  ];
  const shown: string[] = [];
  for (const place of places) if ((await desk.get(place)).body.includes(`/${date}`)) shown.push(place);
  const { headers } = await desk.get('/inside-washington/latest');
  if (headers.get('Location')?.endsWith(date)) shown.push('/inside-washington/latest');
  const welcome = await latestStories(web.ctx.db, {
    newsletter,
    lang: 'en',
    baseUrl: web.url,
    now: web.ctx.clock.now(),
  });
  if (welcome?.url.endsWith(date)) shown.push('the welcome');
  return shown;
}

describe('an edition that appears later', () => {
  it('is opened by the links of its mails from the first minute, and by nothing else', async () => {
    for (const [lang, home] of [
      ['en', ''],
      ['id', '/id'],
    ] as const) {
      const { own } = await mailedLinks(late.id, lang);
      const page = own.find((url) => /\/[0-9a-f]{32}$/.test(url)) ?? '';
      expect(page).toContain(`${web.url}${home}/inside-washington/${second}/`);
      for (const url of own) expect([url, (await fetch(url)).status]).toEqual([url, 200]);
      const { body, headers } = await desk.get(new URL(page).pathname);
      expect(headers.get('Cache-Control')).toBe('private, max-age=300');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(body).toContain('<meta name="robots" content="noindex"');
      expect(body).not.toMatch(/rel="canonical"|og:image|ld\+json|rel="prev"|\/[um]\/|\[\[/);
    }
    expect((await desk.get(`/inside-washington/${second}`)).status).toBe(404);
    expect((await desk.get(`/inside-washington/${second}/more`)).status).toBe(404);
    expect((await desk.get(`/inside-washington/${second}/${'0'.repeat(32)}`)).status).toBe(404);
  });

  it('finds on its own page the stories that it tells in full', async () => {
    const { own } = await mailedLinks(late.id, 'en');
    const page = own.find((url) => /\/[0-9a-f]{32}$/.test(url)) ?? '';
    const { body } = await desk.get(new URL(page).pathname);
    const anchor = /href="#(story-\d+)"/.exec(body)?.[1];
    expect(anchor).toBeDefined();
    expect(body).toContain(`id="${anchor}"`);
    // The switch to the other language stays behind the key.
    const other = new RegExp(`href="(/id/inside-washington/${second}/[0-9a-f]{32})"`).exec(body)?.[1] ?? '';
    expect((await desk.get(other)).status).toBe(200);
  });

  it('takes opinions of its readers meanwhile', async () => {
    const { own } = await mailedLinks(late.id, 'en');
    const asked = await look(own.find((url) => url.endsWith('/more')) ?? '');
    const thanks = await press(asked);
    expect([thanks.status, thanks.url]).toEqual([200, `${asked.url}?thanks=1`]);
    expect((await desk.run('show', second)).document.opinions).toEqual({ more: 1, less: 0 });
  });

  it('is in no list, feed, sitemap, neighbour, sign-up page or welcome before its time, and in all at it', async () => {
    const { clock } = web.ctx;
    clock.advance(6 * hourMs - 1);
    expect(await placesThatShow(second)).toEqual([]);
    expect((await placesThatShow(first)).length).toBe(11);
    clock.advance(1);
    expect((await placesThatShow(second)).length).toBe(11);
    const item = JSON.parse((await desk.get('/inside-washington/feed.json')).body).items[0];
    expect(item).toMatchObject({ date_published: '2026-07-15T17:00:00.000Z' });
    const shown = (await desk.run('show', second)).document;
    expect(shown).toMatchObject({
      published_at: '2026-07-15T11:00:00.000Z',
      appears_at: '2026-07-15T17:00:00.000Z',
    });
    expect((await desk.get(`/inside-washington/${second}`)).body).toContain('rel="canonical"');
  });

  it('leads from its mails to where it is for everybody once it is there', async () => {
    const { own } = await mailedLinks(late.id, 'id');
    const page = own.find((url) => /\/[0-9a-f]{32}$/.test(url)) ?? '';
    const moved = await desk.get(new URL(page).pathname);
    expect([moved.status, moved.headers.get('Location')]).toEqual([
      301,
      `${web.url}/id/inside-washington/${second}`,
    ]);
    for (const url of own) expect([url, (await fetch(url)).status]).toEqual([url, 200]);
  });

  it('keeps what its mails were made for, whatever the newsletter says meanwhile', async () => {
    const { ctx } = web;
    for (const [date, before, after] of [
      ['2026-07-16', 0, 600],
      ['2026-07-17', 600, 0],
    ] as const) {
      newsletter = await changeNewsletter(ctx, newsletter.id, { archive_delay_minutes: before });
      const edition = await goOut(ctx, newsletter, date);
      newsletter = await changeNewsletter(ctx, newsletter.id, { archive_delay_minutes: after });
      const { own } = await mailedLinks(edition.id, 'en');
      for (const url of own) expect([url, (await fetch(url)).status]).toEqual([url, 200]);
      expect((await desk.get(`/inside-washington/${date}`)).status).toBe(before === 0 ? 200 : 404);
    }
  });

  it('may be taken off the web before it appears', async () => {
    const { ctx } = web;
    newsletter = await changeNewsletter(ctx, newsletter.id, { archive_delay_minutes: 60 });
    const edition = await goOut(ctx, newsletter, '2026-07-18');
    const { own } = await mailedLinks(edition.id, 'en');
    await unpublishEdition(ctx, { edition, newsletter, by: 'test' });
    expect((await fetch(own[0] ?? '')).status).toBe(410);
    ctx.clock.advance(2 * hourMs);
    expect(await placesThatShow('2026-07-18')).toEqual([]);
    expect((await desk.get('/inside-washington/2026-07-18')).status).toBe(410);
  });

  it('is set by the hour or the day, a week at most', async () => {
    await expect(
      changeNewsletter(web.ctx, newsletter.id, { archive_delay_minutes: 7 * 24 * 60 + 1 }),
    ).rejects.toMatchObject({ status: 422, field: 'archive_delay_minutes' });
  });
});
