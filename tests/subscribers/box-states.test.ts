import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { admitNetwork } from '../../src/subscribers/admit-network.ts';
import { type Articles, email, focused, openArticles, signUpPath } from '../support/articles.ts';
import { accessibilityFaults, chromiumPath, cutTexts, scrollsSideways } from '../support/browser.ts';

let articles: Articles;

describe.skipIf(!chromiumPath)('what the box says in place', () => {
  beforeAll(async () => {
    articles = await openArticles();
  });
  afterEach(() => articles.rest());
  afterAll(() => articles?.close());

  it('R17 offers the domain that was meant, in place, and keeps the original when that is chosen', async () => {
    const page = await articles.open('script', { width: 320 });
    await email(page).fill('rina@gmial.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Did you mean gmail.com?' }).waitFor();
    await page.getByRole('button', { name: 'Use gmail.com' }).click();
    await page.getByText('We sent an email to rina@gmail.com').waitFor();
    await page.getByRole('button', { name: 'Change the address' }).click();
    await email(page).fill('rina@gmial.com');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Keep gmial.com' }).click();
    await page.getByText('We sent an email to rina@gmial.com').waitFor();
  });

  it('R16 lets a busy network through by one button and a script’s work, and tells the next one to wait', async () => {
    const page = await articles.open('script');
    const network = '203.0.113.200';
    await page.route(signUpPath, (route) =>
      route.continue({ headers: { ...route.request().headers(), 'x-forwarded-for': network } }),
    );
    for (let n = 0; n < 30; n += 1)
      await admitNetwork(articles.web.ctx, { clientAddress: network, token: undefined });
    await email(page).fill('crowd@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'One more tap' }).waitFor();
    await page.getByRole('button', { name: 'Yes, sign me up' }).click();
    await page.getByText('We sent an email to crowd@example.com').waitFor();
    const rows = await articles.web.ctx.db
      .selectFrom('sign_ups')
      .select('signal')
      .where('email_key', '=', 'crowd@example.com')
      .execute();
    expect(rows).toEqual([{ signal: null }]);

    await page.getByRole('button', { name: 'Change the address' }).click();
    for (let n = 0; n < 300; n += 1)
      await admitNetwork(articles.web.ctx, { clientAddress: network, token: undefined });
    await page.keyboard.press('Enter');
    await page.getByText('Try again in 10 minutes').waitFor();
    await page.getByRole('button', { name: 'Try again' }).click();
    expect(await email(page).inputValue()).toBe('crowd@example.com');
  });

  it('takes boxes that come later, and leads to the hosted page where there is no form', async () => {
    const page = await articles.open('script');
    const refused: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') refused.push(message.text());
    });
    await page.evaluate(`
      const box = document.querySelector('dateline-signup');
      document.querySelector('main').append(box.cloneNode(true));
      box.remove();
      const bare = document.createElement('dateline-signup');
      bare.setAttribute('newsletter', 'inside-washington');
      bare.lang = 'id';
      document.querySelector('main').append(bare);`);
    expect(await page.getByRole('link', { name: 'Daftar' }).getAttribute('href')).toBe(
      `${articles.web.url}/s/inside-washington?lang=id`,
    );
    await email(page).fill('later.box@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    expect(refused).toEqual([]);
  });

  it('says that nothing was saved, in place, with the address kept', async () => {
    const page = await articles.open('script');
    await page.route(signUpPath, (route) =>
      route.fulfill({
        status: 503,
        headers: { 'Access-Control-Allow-Origin': articles.site.url },
        contentType: 'application/problem+json',
        body: '{"code":"unavailable","status":503}',
      }),
    );
    await email(page).fill('later@example.com');
    await page.keyboard.press('Enter');
    await page
      .getByText('We couldn’t save that')
      .or(page.getByText("We couldn't save that"))
      .last()
      .waitFor();
    expect([await focused(page), await email(page).inputValue()]).toEqual(['email', 'later@example.com']);
  });

  it('tells the page’s own counting what happened, without the address', async () => {
    const page = await articles.open('script');
    await page.evaluate(
      `window.heard = []; for (const kind of ['submit', 'accepted', 'error']) document.addEventListener('dateline:' + kind, (event) => window.heard.push([event.type, JSON.stringify(event.detail)]))`,
    );
    await email(page).fill('rina@mailinator.com');
    await page.keyboard.press('Enter');
    await page.getByText('temporary inboxes').last().waitFor();
    await email(page).fill('counted@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    const heard = await page.evaluate<[string, string][]>('window.heard');
    expect(heard).toEqual([
      ['dateline:submit', '{"newsletter":"inside-washington"}'],
      ['dateline:error', '{"newsletter":"inside-washington","code":"disposable_domain"}'],
      ['dateline:submit', '{"newsletter":"inside-washington"}'],
      ['dateline:accepted', '{"newsletter":"inside-washington"}'],
    ]);
  });

  it('R4 names the page of the box in the record, and R3 ticks nothing', async () => {
    const page = await articles.open('script');
    expect(await page.locator('input[name=marketing]').isChecked()).toBe(false);
    await email(page).fill('where@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    const row = await articles.web.ctx.db
      .selectFrom('sign_ups')
      .select(['page_url', 'form', 'marketing'])
      .where('email_key', '=', 'where@example.com')
      .executeTakeFirst();
    expect(row).toEqual({
      page_url: `${articles.site.url}/article/script/en`,
      form: 'article-box',
      marketing: false,
    });
  });

  it.each([
    ['en', false, 'ltr'],
    ['id', true, 'ltr'],
    ['en', false, 'rtl'],
  ] as const)('R9 has no fault that axe can see in any state (%s, dark: %s, %s)', async (lang, dark, dir) => {
    const page = await articles.open('script', { lang, dark, dir, width: 320 });
    expect(await accessibilityFaults(page)).toEqual([]);
    await email(page).fill('rina@');
    await page.keyboard.press('Enter');
    expect(await accessibilityFaults(page)).toEqual([]);
    await email(page).fill('rina@gmial.com');
    await page.keyboard.press('Enter');
    await page.locator('.dl-panel').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.locator('.dl-panel button').first().click();
    await page.locator('.dl-panel strong').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await scrollsSideways(page)).toBe(false);
    expect(await cutTexts(page)).toEqual([]);
  });

  it.each(['en', 'id'])(
    'R11 fits its own place at 320 px, also with text twice as large (%s)',
    async (lang) => {
      const page = await articles.open('script', { lang, width: 320 });
      await page.evaluate("document.documentElement.style.fontSize = '200%'");
      expect(await scrollsSideways(page)).toBe(false);
      expect(await cutTexts(page)).toEqual([]);
      await email(page).fill('rina.with.a.longer.address@gmail.com');
      await page.keyboard.press('Enter');
      await page.locator('.dl-panel strong').waitFor();
      expect(await scrollsSideways(page)).toBe(false);
      expect(await cutTexts(page)).toEqual([]);
      await page.evaluate("document.documentElement.style.fontSize = ''");
      const hidden = await page.evaluate<number>(
        "(() => { const it = document.querySelector('.dl-panel'); return it.scrollHeight - it.clientHeight; })()",
      );
      expect(hidden).toBe(0);
    },
  );
});
