import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { editArticle } from '../../src/articles/edit.ts';
import { namedArticle } from '../../src/articles/find-article.ts';
import { correctEdition } from '../../src/editions/correct.ts';
import { draft } from '../../src/editions/draft.ts';
import type { Edition } from '../../src/editions/edition.ts';
import { namedEdition } from '../../src/editions/find.ts';
import { preview } from '../../src/editions/preview.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { goOut, openDesk } from '../support/archive.ts';
import { openNewsroom } from '../support/newsroom.ts';
import { look } from '../support/reader.ts';
import { openTestWeb, type Web } from '../support/web.ts';

let web: Web;
let newsletter: Newsletter;
let first: Edition;
let second: Edition;
let desk: Awaited<ReturnType<typeof openDesk>>;

const dates = ['2026-07-14', '2026-07-15'] as const;

beforeAll(async () => {
  web = await openTestWeb();
  newsletter = await openNewsroom(web.ctx);
  desk = await openDesk(web);
  first = await goOut(web.ctx, newsletter, dates[0]);
  second = await goOut(web.ctx, newsletter, dates[1]);
});
afterAll(() => web.close());

const get: typeof desk.get = (...asked) => desk.get(...asked);

describe('an edition that was wrong', () => {
  it('R33 a correction shows a dated banner and changes the ETag', async () => {
    const { ctx } = web;
    const path = `/inside-washington/${dates[0]}`;
    const before = await get(path);
    ctx.clock.set(new Date('2026-07-14T15:20:00Z'));
    const article = await namedArticle(ctx.db, `art_${await leadOf(first.id)}`);
    await editArticle(ctx, article.id, { title: 'Senate keeps the budget in committee' });
    const made = await desk.run(
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
    const made = await desk.post(`/v1/editions/ed_${first.id}/corrections`, {
      note: { en: 'The title was too strong.' },
      subject: { en: 'A calmer title' },
    });
    expect([made.status, made.body.version]).toEqual([201, 3]);
    expect(made.body.by).toMatch(/^key:/);
    const again = await desk.post(`/v1/editions/${dates[0]}/corrections?newsletter=inside-washington`, {
      note: { en: 'A name was misspelt.' },
    });
    expect(again.status).toBe(201);
    const page = await look(`${web.url}/inside-washington/${dates[0]}`);
    expect(page.text).toContain('A name was misspelt.');
    expect(page.text).toContain('The Senate did not vote.');
    expect((await get(`/inside-washington/${dates[0]}`)).body).toContain('<title>A calmer title ·');
    const list = await desk.run('corrections', dates[0]);
    expect(list.document.data.map((one: { version: number }) => one.version)).toEqual([4, 3, 2]);
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
      const { status, body: problem } = await desk.post(`/v1/editions/${id}/corrections`, body);
      return [status, problem.code];
    };
    const id = `ed_${first.id}`;
    expect(await refused(id, { note: { en: '  ' } })).toEqual([422, 'no_note']);
    expect(await refused(id, { note: { fr: 'Non.', en: 'No.' } })).toEqual([422, 'no_such_language']);
    expect(await refused(id, { note: { en: 'x'.repeat(501) } })).toEqual([422, 'bad_note']);
    const { edition } = await draft(web.ctx, { newsletter, slotDate: '2026-07-20' });
    expect(await refused(`ed_${edition.id}`, { note: { en: 'Too early.' } })).toEqual([409, 'not_published']);
    expect((await desk.post(`/v1/editions/ed_${edition.id}/unpublish`)).body.code).toBe('never_published');
  });

  it('R33 an unpublished edition answers 410 and is listed nowhere, until it is put back', async () => {
    const path = `/inside-washington/${dates[1]}`;
    expect((await desk.run('unpublish', dates[1])).exit).toBe(0);
    expect((await desk.run('unpublish', dates[1])).exit).toBe(0);
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
    const back = await desk.post(`/v1/editions/ed_${second.id}/republish`);
    expect([back.status, back.body.archive_state]).toEqual([200, 'public']);
    expect((await get(path)).status).toBe(200);
    expect((await get('/s/inside-washington?lang=en')).body).toContain(path);
  });

  it('tells its correction in the next edition, in both parts, and in that one only', async () => {
    const { ctx } = web;
    const wrong = await goOut(ctx, newsletter, '2026-07-21');
    ctx.clock.set(new Date('2026-07-21T15:20:00Z'));
    const notes = { en: 'The Senate did not vote.', id: 'Senat belum memberikan suara.' };
    await correctEdition(ctx, { edition: wrong, newsletter, notes, by: 'test' });
    const next = await goOut(ctx, newsletter, '2026-07-22');
    const { view, html, text } = await preview(ctx, { edition: await again(next), newsletter, lang: 'id' });
    const words = 'Dikoreksi 21 Juli 2026, 11.20 EDT: Senat belum memberikan suara.';
    const url = `${web.url}/id/inside-washington/2026-07-21`;
    expect(view.corrections?.items).toEqual([{ text: words, url }]);
    for (const part of [html, text.replace(/\s+/g, ' ')]) expect(part).toContain(words);
    expect((await get('/id/inside-washington/2026-07-22')).body).toContain(words);
    const later = await goOut(ctx, newsletter, '2026-07-23');
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
