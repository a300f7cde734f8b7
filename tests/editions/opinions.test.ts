import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEditionById } from '../../src/editions/find.ts';
import { republishEdition } from '../../src/editions/republish.ts';
import { unpublishEdition } from '../../src/editions/unpublish.ts';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { goOut, openDesk } from '../support/archive.ts';
import {
  accessibilityFaults,
  chromiumPath,
  cutTexts,
  openBrowser,
  scrollsSideways,
} from '../support/browser.ts';
import { openNewsroom } from '../support/newsroom.ts';
import { look, press } from '../support/reader.ts';
import { fromElsewhere, openTestWeb, type Web } from '../support/web.ts';

// Block 8 of the mail: two links, the same for all its readers, to a page with one button; what is counted says nothing of who.

const date = '2026-07-14';
let web: Web;
let newsletter: Newsletter;
let editionId: number;
let desk: Awaited<ReturnType<typeof openDesk>>;

beforeAll(async () => {
  web = await openTestWeb();
  newsletter = await openNewsroom(web.ctx);
  desk = await openDesk(web);
  editionId = (await goOut(web.ctx, newsletter, date)).id;
});
afterAll(() => web.close());

async function counted(): Promise<unknown> {
  return (await desk.run('show', date)).document.opinions;
}

async function mailsOf(id: number) {
  return web.ctx.db
    .selectFrom('edition_variants')
    .select(['lang', 'html', 'text'])
    .where('edition_id', '=', id)
    .orderBy('lang')
    .execute();
}

describe('more like this, less like this', () => {
  it('stands in both parts of the mail in each language, before it is passed on', async () => {
    const [english, bahasa] = await mailsOf(editionId);
    for (const [mail, home, more, less, forward] of [
      [english, '', 'More like this', 'Less like this', 'Forward to a friend'],
      [bahasa, '/id', 'Lebih banyak seperti ini', 'Kurangi yang seperti ini', 'Teruskan ke teman'],
    ] as const) {
      const url = `${web.url}${home}/inside-washington/${date}`;
      expect(mail?.text).toContain(`${more}:\n${url}/more\n\n${less}:\n${url}/less\n`);
      expect(mail?.html).toContain(`href="${url}/more"`);
      expect(mail?.html).toContain(`href="${url}/less"`);
      for (const part of [mail?.html ?? '', mail?.text ?? '']) {
        expect(part.indexOf(less)).toBeGreaterThan(part.indexOf(more));
        expect(part.indexOf(forward)).toBeGreaterThan(part.indexOf(less));
      }
    }
  });

  it('is counted by its button and by nothing else, and thanks in the reader’s language', async () => {
    const url = `${web.url}/id/inside-washington/${date}/more`;
    const page = await look(url);
    expect([page.status, page.headers.get('Cache-Control')]).toEqual([200, 'no-store']);
    expect(page.text).toContain('Lebih banyak seperti ini?');
    expect(page.forms).toHaveLength(1);
    expect(page.forms[0]?.fields).toEqual({});
    await fetch(url, { method: 'HEAD' });
    expect(await counted()).toEqual({ more: 0, less: 0 });
    const thanks = await press(page);
    expect(thanks.status).toBe(200);
    expect(thanks.text).toContain('Terima kasih');
    await look(thanks.url);
    expect(await counted()).toEqual({ more: 1, less: 0 });
    await press(await look(`${web.url}/inside-washington/${date}/less`));
    expect(await counted()).toEqual({ more: 1, less: 1 });
    const api = await desk.get(`/v1/editions/ed_${editionId}`, await bearer());
    expect(JSON.parse(api.body).opinions).toEqual({ more: 1, less: 1 });
    expect((await desk.run('show', date)).lines).toContain('more like it: 1, for less: 1');
  });

  it('keeps nothing of who said it', async () => {
    const { rows } = await web.ctx.database.pool.query(
      'select * from edition_opinions where edition_id = $1 order by wish',
      [editionId],
    );
    expect(rows).toEqual([
      { edition_id: editionId, wish: 'less', n: 1 },
      { edition_id: editionId, wish: 'more', n: 1 },
    ]);
    const limits = await web.ctx.db.selectFrom('limits').select('key').execute();
    expect(JSON.stringify(limits)).not.toMatch(/127\.0\.0|::1/);
  });

  it('lets no single network speak for all readers, and says thank you all the same', async () => {
    const from = fromElsewhere();
    const url = `${web.url}/inside-washington/${date}/more`;
    const answers = [];
    for (let n = 0; n < 25; n += 1) {
      const answer = await fetch(url, { method: 'POST', headers: from, redirect: 'manual' });
      answers.push(`${answer.status} ${answer.headers.get('Location')}`);
    }
    expect(new Set(answers)).toEqual(new Set([`303 /inside-washington/${date}/more?thanks=1`]));
    expect(await counted()).toEqual({ more: 21, less: 1 });
    await fetch(url, { method: 'POST', headers: fromElsewhere() });
    expect(await counted()).toEqual({ more: 22, less: 1 });
  });

  it('loses none of many that come at once', async () => {
    const url = `${web.url}/inside-washington/${date}/less`;
    await Promise.all(
      Array.from({ length: 30 }, () => fetch(url, { method: 'POST', headers: fromElsewhere() })),
    );
    expect(await counted()).toEqual({ more: 22, less: 31 });
  });

  it('is not there for an edition that is not out, or is no more', async () => {
    const post = async (path: string) => (await fetch(web.url + path, { method: 'POST' })).status;
    for (const path of ['/inside-washington/2026-07-15/more', '/inside-washington/2026-02-30/less']) {
      expect([path, (await desk.get(path)).status, await post(path)]).toEqual([path, 404, 404]);
    }
    await web.ctx.db
      .updateTable('editions')
      .set({ archive_state: 'hidden' })
      .where('id', '=', editionId)
      .execute();
    const path = `/inside-washington/${date}/more`;
    expect([(await desk.get(path)).status, await post(path)]).toEqual([404, 404]);
    await web.ctx.db
      .updateTable('editions')
      .set({ archive_state: 'public' })
      .where('id', '=', editionId)
      .execute();
    const edition = await findEditionById(web.ctx.db, editionId);
    if (!edition) throw new Error('the edition is gone');
    await unpublishEdition(web.ctx, { edition, newsletter, by: 'test' });
    expect([(await desk.get(path)).status, await post(path)]).toEqual([410, 410]);
    await republishEdition(web.ctx, { edition, newsletter, by: 'test' });
    expect(await counted()).toEqual({ more: 22, less: 31 });
  });

  it('asks readers of a private newsletter by the key in their mail, and nobody else', async () => {
    await changeNewsletter(web.ctx, newsletter.id, { visibility: 'private' });
    const { urls } = (await desk.run('show', date)).document;
    expect((await look(`${urls.en}/more`)).text).toContain('More like this?');
    expect((await desk.get(`/inside-washington/${date}/more`)).status).toBe(404);
    await press(await look(`${urls.en}/more`));
    expect(await counted()).toEqual({ more: 23, less: 31 });
    await changeNewsletter(web.ctx, newsletter.id, { visibility: 'public' });
  });

  it('is left out of the mails of a newsletter that does not ask', async () => {
    newsletter = await changeNewsletter(web.ctx, newsletter.id, { opinions: false });
    const quiet = await goOut(web.ctx, newsletter, '2026-07-16');
    const mails = await mailsOf(quiet.id);
    expect(mails.map((mail) => mail.lang)).toEqual(['en', 'id']);
    for (const mail of mails) {
      expect(mail.html + mail.text).not.toMatch(/2026-07-16\/(more|less)|like this|seperti ini/);
    }
  });

  it.skipIf(!chromiumPath)('R9 R11 has no fault that axe can see, and fits 320 px', async () => {
    const browser = await openBrowser();
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        const context = await browser.newContext({ colorScheme, viewport: { width: 320, height: 640 } });
        const page = await context.newPage();
        for (const path of ['more', 'less?thanks=1']) {
          await page.goto(`${web.url}/inside-washington/${date}/${path}`);
          await page.getByRole('link', { name: 'Bahasa Indonesia' }).click();
          await page.waitForURL(`${web.url}/id/inside-washington/${date}/${path}`);
          expect(await accessibilityFaults(page), path).toEqual([]);
          expect(await scrollsSideways(page), path).toBe(false);
          expect(await cutTexts(page), path).toEqual([]);
        }
        await context.close();
      }
    } finally {
      await browser.close();
    }
  });
});

async function bearer(): Promise<Record<string, string>> {
  const { createKey } = await import('../../src/access/create-key.ts');
  const key = await createKey(web.ctx, { name: 'reader', scopes: ['editions:read'], mode: 'live' });
  return { Authorization: `Bearer ${key.text}` };
}
