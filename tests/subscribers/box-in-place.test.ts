import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Articles,
  afterTop,
  email,
  focused,
  openArticles,
  shifted,
  signUpPath,
  slowly,
} from '../support/articles.ts';
import { chromiumPath, scrollsSideways } from '../support/browser.ts';

let articles: Articles;

describe.skipIf(!chromiumPath)('the box that our script sends in place', () => {
  beforeAll(async () => {
    articles = await openArticles();
  });
  afterEach(() => articles.rest());
  afterAll(() => articles?.close());

  it.each([320, 768, 1280])(
    'R5 moves nothing at %i px: on load, on a mistake, while sending, when it is sent',
    async (width) => {
      const page = await articles.open('script', { width });
      await slowly(page);
      await page.waitForTimeout(300);
      expect(await shifted(page)).toBe(0);
      await email(page).fill('rina@mailinator.com');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Signing up…' }).waitFor();
      const whileSending = await afterTop(page);
      await page.locator('p[id$="-error"]', { hasText: 'temporary inboxes' }).waitFor();
      expect(await afterTop(page)).toBe(whileSending);
      await email(page).fill('rina@gmail.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
      expect(await afterTop(page)).toBe(whileSending);
      expect(await shifted(page)).toBe(0);
      expect(await scrollsSideways(page)).toBe(false);
    },
  );

  it('R6 weighs at most 6 KB, asks no other host and leaves nothing behind', async () => {
    const script = await fetch(`${articles.web.url}/embed/v1.js`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(gzipSync(await script.text()).length).toBeLessThanOrEqual(6 * 1024);
    const hosts = new Set<string>();
    const page = await articles.open('script');
    page.on('request', (request) => void hosts.add(new URL(request.url()).origin));
    await page.reload();
    await email(page).fill('traceless@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    hosts.delete('null');
    expect(hosts).toEqual(new Set([articles.site.url, articles.web.url]));
    expect(await page.context().cookies()).toEqual([]);
    expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
    expect(await page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
  });

  it('is kept for a day, for good by its version, and asked for again by its tag', async () => {
    const first = await fetch(`${articles.web.url}/embed/v1.js`);
    expect(first.headers.get('cache-control')).toBe('public, max-age=86400, stale-while-revalidate=604800');
    expect(first.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${articles.web.url}/embed/v1.js`, { headers: { 'If-None-Match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const named = await fetch(`${articles.web.url}/embed/v1.js?v=${etag.replaceAll('"', '')}`);
    expect(named.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it.each([
    [
      'is blocked',
      (page: Page) =>
        page.route(
          signUpPath,
          onlyScripts((route) => route.abort()),
        ),
    ],
    [
      'answers with HTML',
      (page: Page) =>
        page.route(
          signUpPath,
          onlyScripts((route) => route.fulfill({ contentType: 'text/html', body: '<p>proxy</p>' })),
        ),
    ],
    [
      'does not answer within 8 s',
      async (page: Page) => {
        // Else the page's time goes on by itself, and any wait is over in the end.
        await page.clock.install();
        await page.clock.pauseAt(Date.now() + 60_000);
        await page.route(
          signUpPath,
          onlyScripts(() => undefined),
        );
      },
    ],
  ] as const)(
    'R7 falls back to a plain post with the typed address when our host %s',
    async (what, spoil) => {
      const page = await articles.open('script');
      await spoil(page);
      await email(page).fill('kept@example.com');
      const posted = page.waitForRequest((request) => request.isNavigationRequest(), { timeout: 8_000 });
      await page.getByRole('button', { name: 'Sign up' }).click();
      if (what.includes('8 s')) {
        await page.getByRole('button', { name: 'Signing up…' }).waitFor();
        await page.clock.runFor(7_900);
        const soon = new Promise((go) => setTimeout(go, 500, 'nothing yet'));
        expect(await Promise.race([posted, soon])).toBe('nothing yet');
        await page.clock.runFor(200);
      }
      expect((await posted).postData()).toContain('email=kept%40example.com');
      await page.waitForURL('**/sent?t=*');
      expect(await page.locator('.address').textContent()).toBe('kept@example.com');
    },
  );

  it('R7 falls back where the page’s policy lets no script call us', async () => {
    const page = await articles.open('script');
    await page.evaluate('window.fetch = () => Promise.reject(new TypeError("refused by policy"))');
    await email(page).fill('policy@example.com');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sent?t=*');
  });

  it('R10 is used by keyboard alone: order, Enter, focus on the heading, and on the field when something is wrong', async () => {
    const page = await articles.open('script');
    await email(page).focus();
    const walked: string[] = [];
    for (let step = 0; step < 4; step += 1) {
      walked.push(await focused(page));
      await page.keyboard.press('Tab');
    }
    expect(walked).toEqual(['email', 'marketing', 'submit', 'privacy notice']);

    await email(page).fill('rina@');
    await page.keyboard.press('Enter');
    const described = await email(page).getAttribute('aria-describedby');
    expect(await page.locator(`[id="${described}"]`).textContent()).toBe(
      'Enter an email address, like name@example.com',
    );
    expect(await email(page).getAttribute('aria-invalid')).toBe('true');
    expect([await focused(page), await email(page).inputValue()]).toEqual(['email', 'rina@']);

    await email(page).fill('rina@gmail.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
    expect(await focused(page)).toBe('Check your inbox');
    expect(await page.locator('form').getAttribute('inert')).toBe('');
    const link = page.getByRole('link', { name: 'Open Gmail' });
    expect(await link.getAttribute('href')).toContain('#search/from%3A');
    expect(await link.getAttribute('rel')).toBe('noreferrer');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Open Gmail');
  });

  it('tells a screen reader that it works, ignores a second press, and says what to look for', async () => {
    const page = await articles.open('script', { lang: 'id' });
    await slowly(page);
    let posts = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST') posts += 1;
    });
    await email(page).fill('rina@unknown.example');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(await page.getByRole('button', { name: 'Mendaftarkan…' }).getAttribute('aria-disabled')).toBe(
      'true',
    );
    await page.locator('[role=status]', { hasText: 'Mendaftarkan…' }).waitFor();
    await page.getByRole('heading', { name: 'Periksa kotak masuk Anda' }).waitFor();
    expect(posts).toBe(1);
    const panel = page.locator('.dl-panel');
    expect(await panel.textContent()).toContain('Kami mengirim email ke rina@unknown.example.');
    expect(await panel.textContent()).toContain('Selesaikan pendaftaran Inside Washington');
    expect(await page.locator('.dl-panel [role=status]').count()).toBe(0);
    expect(await panel.getByRole('link').count()).toBe(0);

    await page.getByRole('button', { name: 'Kirim ulang' }).click();
    await page.getByRole('button', { name: 'Sudah dikirim ulang.' }).waitFor();
    await page.locator('[role=status]', { hasText: 'Sudah dikirim ulang.' }).waitFor();
    await page.getByRole('button', { name: 'Ganti alamat' }).click();
    expect([await focused(page), await email(page).inputValue()]).toEqual(['email', 'rina@unknown.example']);
  });
});

/** Does this to what our script sends; a form that the browser itself sends goes through. */
function onlyScripts(spoil: (route: Parameters<Parameters<Page['route']>[1]>[0]) => unknown) {
  return async (route: Parameters<Parameters<Page['route']>[1]>[0]) => {
    if (route.request().isNavigationRequest()) await route.continue();
    else await spoil(route);
  };
}
