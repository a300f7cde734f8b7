import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countWithin } from '../../src/platform/db/limits.ts';
import { admitNetwork } from '../../src/subscribers/admit-network.ts';
import { type Articles, email, openArticles } from '../support/articles.ts';
import { accessibilityFaults, chromiumPath, cutTexts, scrollsSideways } from '../support/browser.ts';

let articles: Articles;

describe.skipIf(!chromiumPath)('the hosted pages while much is going on', () => {
  beforeAll(async () => {
    articles = await openArticles();
  });
  afterEach(() => articles.rest());
  afterAll(() => articles?.close());

  const crowd = (page: Page, network: string) =>
    page.route('**/s/inside-washington**', (route) =>
      route.continue({ headers: { ...route.request().headers(), 'x-forwarded-for': network } }),
    );
  const fill = async (network: string) => {
    for (let n = 0; n < 31; n += 1)
      await admitNetwork(articles.web.ctx, { clientAddress: network, token: undefined });
  };

  it.each([true, false])(
    'R16 the one more tap works with a script, which works for it, and without (%s)',
    async (scripts) => {
      const network = scripts ? '203.0.113.201' : '203.0.113.202';
      await fill(network);
      const context = await articles.context({ javaScriptEnabled: scripts });
      const page = await context.newPage();
      await crowd(page, network);
      await page.goto(`${articles.web.url}/s/inside-washington?lang=en`);
      await email(page).fill('tapped@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'One more tap' }).waitFor();
      expect(await scrollsSideways(page)).toBe(false);
      expect(await cutTexts(page)).toEqual([]);
      if (scripts) expect(await accessibilityFaults(page)).toEqual([]);
      const posted = page.waitForRequest((request) => request.method() === 'POST');
      await page.getByRole('button', { name: 'Yes, sign me up' }).click();
      expect((await posted).postData()).toMatch(scripts ? /proof=\d+/ : /proof=(&|$)/);
      await page.waitForURL('**/sent?t=*');
    },
  );

  it('a surge costs a reader with a script no tap, and one without it one', async () => {
    const { id } = await articles.web.ctx.db.selectFrom('newsletters').select('id').executeTakeFirstOrThrow();
    const now = articles.web.ctx.clock.now();
    await countWithin(articles.web.ctx.db, `surge:${id}`, 60 * 60_000, now, 2_000);
    for (const scripts of [true, false]) {
      const context = await articles.context({ javaScriptEnabled: scripts });
      const page = await context.newPage();
      await page.goto(`${articles.web.url}/s/inside-washington?lang=en`);
      await email(page).fill(`surge.${scripts}@example.com`);
      await page.keyboard.press('Enter');
      if (!scripts) await page.getByRole('button', { name: 'Yes, sign me up' }).click();
      await page.waitForURL('**/sent?t=*');
      await context.close();
    }
    articles.web.ctx.clock.advance(2 * 60 * 60_000);
  });

  it('R10 an Enter in the field signs up, and a mistake is told at the field and on top', async () => {
    const context = await articles.context({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${articles.web.url}/s/inside-washington?lang=en`);
    await email(page).fill('rina@mailinator.com');
    await page.keyboard.press('Enter');
    await page.locator('.error-summary a').click();
    expect(page.url()).toContain('#email');
    expect(await email(page).getAttribute('aria-describedby')).toBe('email-error');
    expect(await email(page).inputValue()).toBe('rina@mailinator.com');
  });

  it.each([
    ['light', 'en'],
    ['dark', 'id'],
  ] as const)(
    'R9 R11 pages that say what is wrong have no fault that axe can see, and fit 320 px (%s, %s)',
    async (colorScheme, lang) => {
      const context = await articles.context({ colorScheme, viewport: { width: 320, height: 640 } });
      const page = await context.newPage();
      for (const path of ['/s', '/s/inside-washington', '/embed/inside-washington']) {
        for (const address of ['rina@mailinator.com', 'rina@gmial.com']) {
          await page.goto(`${articles.web.url}${path}?lang=${lang}&pick=inside-washington`);
          await email(page).fill(address);
          await page.keyboard.press('Enter');
          await page.locator('.error-summary').waitFor();
          expect(await accessibilityFaults(page), `${path} ${address}`).toEqual([]);
          await page.evaluate("document.documentElement.style.fontSize = '200%'");
          expect(await scrollsSideways(page), `${path} ${address}`).toBe(false);
          expect(await cutTexts(page), `${path} ${address}`).toEqual([]);
        }
      }
      await page.goto(`${articles.web.url}/s?lang=${lang}`);
      await email(page).fill('nothing.chosen@example.com');
      await page.keyboard.press('Enter');
      await page.locator('#newsletters-error').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.locator('.error-summary a').click();
      expect(page.url()).toContain('#pick-inside-washington');
    },
    120_000,
  );
});
