import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { copyBlocks } from '../../src/newsletters/embed.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { type Articles, afterTop, email, focused, openArticles, shifted } from '../support/articles.ts';
import { accessibilityFaults, chromiumPath, scrollsSideways } from '../support/browser.ts';

let articles: Articles;

describe.skipIf(!chromiumPath)('the box without our script', () => {
  beforeAll(async () => {
    articles = await openArticles();
  });
  afterEach(() => articles.rest());
  afterAll(() => articles?.close());

  describe('as plain HTML', () => {
    it.each([320, 768, 1280])(
      'R5 moves nothing at %i px on the article nor on the pages after it',
      async (width) => {
        const page = await articles.open('html', { width });
        await page.waitForTimeout(200);
        expect(await shifted(page)).toBe(0);
        await email(page).fill('rina@mailinator.com');
        await page.keyboard.press('Enter');
        await page.getByText('temporary inboxes').last().waitFor();
        expect(await shifted(page)).toBe(0);
        await email(page).fill(`plain${width}@example.com`);
        await page.keyboard.press('Enter');
        await page.waitForURL('**/sent?t=*');
        expect(await shifted(page)).toBe(0);
      },
    );

    it.each(['en', 'id'])(
      'R2 R3 leads from an article to the inbox page without a script (%s)',
      async (lang) => {
        const page = await articles.open('html', { lang, scripts: false });
        expect(await page.locator('input[name=marketing]').isChecked()).toBe(false);
        await email(page).fill('article@example.com');
        await page.keyboard.press('Enter');
        await page
          .getByRole('heading', { name: lang === 'en' ? 'Check your inbox' : 'Periksa kotak masuk Anda' })
          .waitFor();
        expect(page.url()).not.toContain('article');
      },
    );

    it('is sent in place too where the script is on the page, and takes its looks from the page', async () => {
      const page = await articles.open('html');
      await page.addScriptTag({ url: `${articles.web.url}/embed/v1.js` });
      await page.addScriptTag({ url: `${articles.web.url}/embed/v1.js?again` });
      const before = await afterTop(page);
      await email(page).fill('bare@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
      expect(await focused(page)).toBe('Check your inbox');
      expect(Math.abs((await afterTop(page)) - before)).toBeLessThan(60);
      expect(page.url()).toContain('/article/html');
    });
  });

  describe('in a frame', () => {
    const frame = (page: Page) => page.frameLocator('iframe');

    it.each([320, 768, 1280])('R5 moves nothing at %i px, whatever happens in the frame', async (width) => {
      const page = await articles.open('iframe', { width });
      await frame(page).locator('input[name=email]').waitFor();
      const before = await afterTop(page);
      await frame(page).locator('input[name=email]').fill('rina@mailinator.com');
      await page.keyboard.press('Enter');
      await frame(page).getByText('temporary inboxes').last().waitFor();
      await frame(page).locator('input[name=email]').fill(`framed${width}@example.com`);
      await page.keyboard.press('Enter');
      await frame(page).getByRole('heading', { name: 'Check your inbox' }).waitFor();
      expect(await afterTop(page)).toBe(before);
      expect(await shifted(page)).toBe(0);
    });

    it('R2 signs up, sends again and changes the address without a script, in the frame', async () => {
      const page = await articles.open('iframe', { scripts: false, lang: 'id' });
      await frame(page).locator('input[name=email]').fill('framed@gmail.com');
      await frame(page).getByRole('button', { name: 'Daftar' }).click();
      const thanks = frame(page).getByRole('heading', { name: 'Periksa kotak masuk Anda' });
      await thanks.waitFor();
      const around = await page.locator('iframe').boundingBox();
      expect(((await thanks.boundingBox())?.x ?? 0) - (around?.x ?? 0)).toBeGreaterThanOrEqual(16);
      const mailbox = frame(page).getByRole('link', { name: 'Gmail' });
      expect(await mailbox.getAttribute('target')).toBe('_blank');
      await frame(page).locator('form[action$="/again"] button').click();
      await frame(page).locator('.status.good').waitFor();
      await frame(page).locator('a.button.quiet').click();
      await frame(page).locator('input[name=email]').waitFor();
      expect(page.frames()[1]?.url()).toContain('/embed/inside-washington');
    });

    it('tells the page around it how high it has become, and only after its reader did something', async () => {
      const page = await articles.open('iframe', { width: 320 });
      await page.evaluate(
        `window.told = []; addEventListener('message', (event) => window.told.push([event.origin, event.data]))`,
      );
      const told = () => page.evaluate<[string, { type: string; px: number }][]>('window.told');
      const refused: string[] = [];
      page.on('console', (message) => void (message.type() === 'error' && refused.push(message.text())));
      await page.reload();
      await page.evaluate(
        `window.told = []; addEventListener('message', (event) => window.told.push([event.origin, event.data]))`,
      );
      await frame(page).locator('input[name=email]').waitFor();
      await page.waitForTimeout(300);
      expect(await told()).toEqual([]);
      await frame(page).locator('input[name=email]').fill('rina@mailinator.com');
      await page.keyboard.press('Enter');
      await frame(page).getByText('temporary inboxes').last().waitFor();
      await expect.poll(async () => (await told()).length).toBeGreaterThan(0);
      const [origin, data] = (await told()).at(-1) ?? ['', { type: '', px: 0 }];
      const needed = await page.frames()[1]?.evaluate<number>('document.documentElement.scrollHeight');
      expect([origin, Object.keys(data), data.type]).toEqual([
        articles.web.url,
        ['type', 'px'],
        'dateline:height',
      ]);
      expect(data.px).toBe(needed);
      expect(refused.filter((text) => !/422|'data:,'/.test(text))).toEqual([]);
    });

    it.each(['en', 'id'])('is as high as its form at 320 and at 600 px (%s)', async (lang) => {
      const page = await articles.open('iframe', { lang });
      const { newsletter } = articles;
      const wordings = await currentWordings(articles.web.ctx.db, newsletter, lang);
      const heights = copyBlocks(newsletter, lang, { baseUrl: articles.web.url, wordings }).iframe_heights;
      for (const width of [320, 600] as const) {
        await page.setViewportSize({ width, height: 300 });
        await page.goto(`${articles.web.url}/embed/inside-washington?lang=${lang}`);
        const needed = await page.evaluate<number>('document.body.scrollHeight');
        expect(heights[`${width}`]).toBeGreaterThanOrEqual(needed);
        expect(heights[`${width}`] - needed).toBeLessThan(72);
      }
    });

    it('says where it stands that the newsletter is closed, and leads to the others', async () => {
      await articles.web.ctx.db.updateTable('newsletters').set({ state: 'closed' }).execute();
      try {
        const page = await articles.open('iframe', { lang: 'id' });
        await frame(page).getByText('Inside Washington sedang tidak menerima pembaca baru.').waitFor();
        expect(await frame(page).getByRole('link').getAttribute('target')).toBe('_top');
        expect((await fetch(`${articles.web.url}/embed/inside-washington`)).status).toBe(404);
      } finally {
        await articles.web.ctx.db.updateTable('newsletters').set({ state: 'open' }).execute();
      }
    });

    it('is dark when it is told to be, and shows on the newsletter’s own sites alone', async () => {
      const framed = await fetch(`${articles.web.url}/embed/inside-washington?theme=dark&lang=en`);
      expect(framed.headers.get('content-security-policy')).toContain(
        `frame-ancestors 'self' ${articles.site.url}`,
      );
      const html = await framed.text();
      expect(html).toContain('data-theme="dark"');
      expect(html).toContain('action="/embed/inside-washington?theme=dark"');
      expect(html).toContain('<meta name="robots" content="noindex"/>');
      for (const path of ['/s', '/s/inside-washington', '/m', '/embed/preview']) {
        const page = await fetch(articles.web.url + path);
        expect(page.headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      }
      const page = await articles.open('iframe');
      expect(await accessibilityFaults(page)).toEqual([]);
    });
  });

  describe('in the preview', () => {
    const preview = (rest: string) => `${articles.web.url}/embed/preview${rest}`;

    async function open(rest: string): Promise<{ page: Page; refused: string[] }> {
      const context = await articles.context({ viewport: { width: 1280, height: 900 } });
      const page = await context.newPage();
      const refused: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') refused.push(message.text());
      });
      await page.goto(preview(rest));
      return { page, refused };
    }

    it('is there in all three levels, in light, dark, narrow and right to left, on one page', async () => {
      const { page, refused } = await open('?newsletter=inside-washington&lang=en');
      expect(await page.locator('.previews iframe').count()).toBe(12);
      expect(await page.locator('pre').count()).toBe(3);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(refused).toEqual([]);
      expect((await fetch(preview('?newsletter=nothing-here'))).status).toBe(404);
    });

    it.each(['html', 'script', 'iframe'])('fits its place as %s in each view', async (level) => {
      for (const view of ['light', 'dark', 'narrow', 'rtl']) {
        const { page, refused } = await open(`/${level}?newsletter=inside-washington&lang=en&view=${view}`);
        const inside = level === 'iframe' ? page.frameLocator('iframe') : page;
        await inside.locator('input[name=email]').waitFor();
        expect(await scrollsSideways(page), view).toBe(false);
        expect(refused).toEqual([]);
      }
    });
  });
});
