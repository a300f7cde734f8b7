import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { copyBlocks } from '../../src/newsletters/embed.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { countWithin } from '../../src/platform/limits.ts';
import { admitNetwork } from '../../src/subscribers/admit-network.ts';
import { accessibilityFaults, chromiumPath, openBrowser, scrollsSideways } from '../support/browser.ts';
import { openPublisherSite, type PublisherSite } from '../support/publisher-site.ts';
import { seedInsideWashington } from '../support/sign-ups.ts';
import { openTestWeb, type Web } from '../support/web.ts';

let web: Web;
let site: PublisherSite;
let browser: Browser;
let context: BrowserContext;

const signUpPath = '**/s/inside-washington';

describe.skipIf(!chromiumPath)('the box on a publisher’s page', () => {
  beforeAll(async () => {
    web = await openTestWeb();
    const seeded = await seedInsideWashington(web.ctx);
    site = await openPublisherSite(
      () => web.url,
      async (level, lang) => {
        const wordings = await currentWordings(web.ctx.db, seeded, lang);
        return copyBlocks(seeded, lang, { baseUrl: web.url, wordings })[level as 'html'];
      },
    );
    await changeNewsletter(web.ctx, seeded.id, { allowed_origins: [site.url] });
    browser = await openBrowser();
  });
  afterEach(async () => {
    await context?.close();
    // All of these readers share this machine's network.
    web.ctx.clock.advance(20 * 60_000);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await web?.close();
  });

  /** An article with the box, its shifts of layout counted as Chromium counts them. */
  async function open(
    level: 'html' | 'script' | 'iframe',
    options: { lang?: string; width?: number; dark?: boolean; scripts?: boolean; dir?: string } = {},
  ): Promise<Page> {
    const { lang = 'en', width = 768, dark = false, scripts = true, dir = 'ltr' } = options;
    context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: dark ? 'dark' : 'light',
      javaScriptEnabled: scripts,
    });
    const page = await context.newPage();
    await page.addInitScript(
      `window.shifts = []; new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(one.value); }).observe({ type: 'layout-shift', buffered: true });`,
    );
    await page.goto(`${site.url}/article/${level}/${lang}?dir=${dir}`);
    if (level === 'script' && scripts) await page.waitForFunction("customElements.get('dateline-signup')");
    return page;
  }

  const shifted = (page: Page) => page.evaluate<number>('window.shifts.reduce((sum, one) => sum + one, 0)');
  const afterTop = (page: Page) =>
    page.evaluate<number>("document.querySelector('#after').getBoundingClientRect().top");
  const focused = (page: Page) =>
    page.evaluate<string>(
      'document.activeElement.name || document.activeElement.type || document.activeElement.textContent',
    );
  const email = (page: Page) => page.locator('input[name=email]');

  /** Answers later than the half second in which a browser forgives movement. */
  async function slowly(page: Page): Promise<void> {
    await page.route(signUpPath, async (route) => {
      await new Promise((go) => setTimeout(go, 700));
      await route.continue();
    });
  }

  describe('with our script', () => {
    it.each([320, 768, 1280])(
      'R5 moves nothing at %i px: on load, on a mistake, while sending, when it is sent',
      async (width) => {
        const page = await open('script', { width });
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
      const script = await fetch(`${web.url}/embed/v1.js`);
      expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect(gzipSync(await script.text()).length).toBeLessThanOrEqual(6 * 1024);
      const hosts = new Set<string>();
      const page = await open('script');
      page.on('request', (request) => void hosts.add(new URL(request.url()).origin));
      await page.reload();
      await email(page).fill('traceless@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
      hosts.delete('null');
      expect(hosts).toEqual(new Set([site.url, web.url]));
      expect(await context.cookies()).toEqual([]);
      expect(await page.evaluate('localStorage.length + sessionStorage.length')).toBe(0);
      expect(await page.evaluate('indexedDB.databases().then((all) => all.length)')).toBe(0);
    });

    it('is kept for a day, for good by its version, and asked for again by its tag', async () => {
      const first = await fetch(`${web.url}/embed/v1.js`);
      expect(first.headers.get('cache-control')).toBe('public, max-age=86400, stale-while-revalidate=604800');
      expect(first.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
      const etag = first.headers.get('etag') ?? '';
      const again = await fetch(`${web.url}/embed/v1.js`, { headers: { 'If-None-Match': etag } });
      expect([again.status, await again.text()]).toEqual([304, '']);
      const named = await fetch(`${web.url}/embed/v1.js?v=${etag.replaceAll('"', '')}`);
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
          await page.clock.install();
          await page.route(
            signUpPath,
            onlyScripts(() => undefined),
          );
        },
      ],
    ] as const)(
      'R7 falls back to a plain post with the typed address when our host %s',
      async (what, spoil) => {
        const page = await open('script');
        await spoil(page);
        await email(page).fill('kept@example.com');
        const posted = page.waitForRequest((request) => request.isNavigationRequest());
        await page.getByRole('button', { name: 'Sign up' }).click();
        if (what.includes('8 s')) {
          await page.getByRole('button', { name: 'Signing up…' }).waitFor();
          await page.clock.runFor(7_900);
          expect(page.url()).toContain('/article/script');
          await page.clock.runFor(200);
        }
        expect((await posted).postData()).toContain('email=kept%40example.com');
        await page.waitForURL('**/sent?t=*');
        expect(await page.locator('.address').textContent()).toBe('kept@example.com');
      },
    );

    it('R7 falls back where the page’s policy lets no script call us', async () => {
      const page = await open('script');
      await page.evaluate('window.fetch = () => Promise.reject(new TypeError("refused by policy"))');
      await email(page).fill('policy@example.com');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/sent?t=*');
    });

    it('R10 is used by keyboard alone: order, Enter, focus on the heading, and on the field when something is wrong', async () => {
      const page = await open('script');
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
      const page = await open('script', { lang: 'id' });
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
      expect([await focused(page), await email(page).inputValue()]).toEqual([
        'email',
        'rina@unknown.example',
      ]);
    });

    it('R17 offers the domain that was meant, in place, and keeps the original when that is chosen', async () => {
      const page = await open('script', { width: 320 });
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
      const page = await open('script');
      const network = '203.0.113.200';
      await page.route(signUpPath, (route) =>
        route.continue({ headers: { ...route.request().headers(), 'x-forwarded-for': network } }),
      );
      for (let n = 0; n < 30; n += 1)
        await admitNetwork(web.ctx, { clientAddress: network, token: undefined });
      await email(page).fill('crowd@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'One more tap' }).waitFor();
      await page.getByRole('button', { name: 'Yes, sign me up' }).click();
      await page.getByText('We sent an email to crowd@example.com').waitFor();
      const rows = await web.ctx.db
        .selectFrom('sign_ups')
        .select('signal')
        .where('email_key', '=', 'crowd@example.com')
        .execute();
      expect(rows).toEqual([{ signal: null }]);

      await page.getByRole('button', { name: 'Change the address' }).click();
      for (let n = 0; n < 300; n += 1)
        await admitNetwork(web.ctx, { clientAddress: network, token: undefined });
      await page.keyboard.press('Enter');
      await page.getByText('Try again in 10 minutes').waitFor();
      await page.getByRole('button', { name: 'Try again' }).click();
      expect(await email(page).inputValue()).toBe('crowd@example.com');
    });

    it('takes boxes that come later, and leads to the hosted page where there is no form', async () => {
      const page = await open('script');
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
        `${web.url}/s/inside-washington`,
      );
      await email(page).fill('later.box@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
      expect(refused).toEqual([]);
    });

    it('says that nothing was saved, in place, with the address kept', async () => {
      const page = await open('script');
      await page.route(signUpPath, (route) =>
        route.fulfill({
          status: 503,
          headers: { 'Access-Control-Allow-Origin': site.url },
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
      const page = await open('script');
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
      const page = await open('script');
      expect(await page.locator('input[name=marketing]').isChecked()).toBe(false);
      await email(page).fill('where@example.com');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Check your inbox' }).waitFor();
      const row = await web.ctx.db
        .selectFrom('sign_ups')
        .select(['page_url', 'form', 'marketing'])
        .where('email_key', '=', 'where@example.com')
        .executeTakeFirst();
      expect(row).toEqual({
        page_url: `${site.url}/article/script/en`,
        form: 'article-box',
        marketing: false,
      });
    });

    it.each([
      ['en', false, 'ltr'],
      ['id', true, 'ltr'],
      ['en', false, 'rtl'],
    ] as const)(
      'R9 has no fault that axe can see in any state (%s, dark: %s, %s)',
      async (lang, dark, dir) => {
        const page = await open('script', { lang, dark, dir, width: 320 });
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
      },
    );

    it.each(['en', 'id'])(
      'R11 fits its own place at 320 px, also with text twice as large (%s)',
      async (lang) => {
        const page = await open('script', { lang, width: 320 });
        await page.evaluate("document.documentElement.style.fontSize = '200%'");
        expect(await scrollsSideways(page)).toBe(false);
        await email(page).fill('rina.with.a.longer.address@gmail.com');
        await page.keyboard.press('Enter');
        await page.locator('.dl-panel strong').waitFor();
        expect(await scrollsSideways(page)).toBe(false);
        await page.evaluate("document.documentElement.style.fontSize = ''");
        const hidden = await page.evaluate<number>(
          "(() => { const it = document.querySelector('.dl-panel'); return it.scrollHeight - it.clientHeight; })()",
        );
        expect(hidden).toBe(0);
      },
    );
  });

  describe('as plain HTML', () => {
    it.each([320, 768, 1280])(
      'R5 moves nothing at %i px on the article nor on the pages after it',
      async (width) => {
        const page = await open('html', { width });
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
        const page = await open('html', { lang, scripts: false });
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
      const page = await open('html');
      await page.addScriptTag({ url: `${web.url}/embed/v1.js` });
      await page.addScriptTag({ url: `${web.url}/embed/v1.js?again` });
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
      const page = await open('iframe', { width });
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
      const page = await open('iframe', { scripts: false, lang: 'id' });
      await frame(page).locator('input[name=email]').fill('framed@gmail.com');
      await frame(page).getByRole('button', { name: 'Daftar' }).click();
      await frame(page).getByRole('heading', { name: 'Periksa kotak masuk Anda' }).waitFor();
      const mailbox = frame(page).getByRole('link', { name: 'Gmail' });
      expect(await mailbox.getAttribute('target')).toBe('_blank');
      await frame(page).locator('form[action$="/again"] button').click();
      await frame(page).locator('.status.good').waitFor();
      await frame(page).locator('a.button.quiet').click();
      await frame(page).locator('input[name=email]').waitFor();
      expect(page.frames()[1]?.url()).toContain('/embed/inside-washington');
    });

    it.each(['en', 'id'])('is as high as its form at 320 and at 600 px (%s)', async (lang) => {
      const page = await open('iframe', { lang });
      const seeded = await web.ctx.db.selectFrom('newsletters').select('id').executeTakeFirstOrThrow();
      const { getNewsletter } = await import('../../src/newsletters/find.ts');
      const newsletter = await getNewsletter(web.ctx.db, seeded.id);
      const wordings = await currentWordings(web.ctx.db, newsletter, lang);
      const heights = copyBlocks(newsletter, lang, { baseUrl: web.url, wordings }).iframe_heights;
      for (const width of [320, 600] as const) {
        await page.setViewportSize({ width, height: 300 });
        await page.goto(`${web.url}/embed/inside-washington?lang=${lang}`);
        const needed = await page.evaluate<number>('document.body.scrollHeight');
        expect(heights[`${width}`]).toBeGreaterThanOrEqual(needed);
        expect(heights[`${width}`] - needed).toBeLessThan(72);
      }
    });

    it('says where it stands that the newsletter is closed, and leads to the others', async () => {
      await web.ctx.db.updateTable('newsletters').set({ state: 'closed' }).execute();
      try {
        const page = await open('iframe', { lang: 'id' });
        await frame(page).getByText('Inside Washington sedang tidak menerima pembaca baru.').waitFor();
        expect(await frame(page).getByRole('link').getAttribute('target')).toBe('_top');
        expect((await fetch(`${web.url}/embed/inside-washington`)).status).toBe(404);
      } finally {
        await web.ctx.db.updateTable('newsletters').set({ state: 'open' }).execute();
      }
    });

    it('is dark when it is told to be, and shows on the newsletter’s own sites alone', async () => {
      const framed = await fetch(`${web.url}/embed/inside-washington?theme=dark&lang=en`);
      expect(framed.headers.get('content-security-policy')).toContain(`frame-ancestors 'self' ${site.url}`);
      const html = await framed.text();
      expect(html).toContain('data-theme="dark"');
      expect(html).toContain('action="/embed/inside-washington?theme=dark"');
      expect(html).toContain('<meta name="robots" content="noindex"/>');
      for (const path of ['/s', '/s/inside-washington', '/m', '/embed/preview']) {
        const page = await fetch(web.url + path);
        expect(page.headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      }
      const page = await open('iframe');
      expect(await accessibilityFaults(page)).toEqual([]);
    });
  });

  describe('on our own pages', () => {
    const crowd = (page: Page, network: string) =>
      page.route('**/s/inside-washington**', (route) =>
        route.continue({ headers: { ...route.request().headers(), 'x-forwarded-for': network } }),
      );
    const fill = async (network: string) => {
      for (let n = 0; n < 31; n += 1)
        await admitNetwork(web.ctx, { clientAddress: network, token: undefined });
    };

    it.each([true, false])(
      'R16 the one more tap works with a script, which works for it, and without (%s)',
      async (scripts) => {
        const network = scripts ? '203.0.113.201' : '203.0.113.202';
        await fill(network);
        context = await browser.newContext({ javaScriptEnabled: scripts });
        const page = await context.newPage();
        await crowd(page, network);
        await page.goto(`${web.url}/s/inside-washington?lang=en`);
        await email(page).fill('tapped@example.com');
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'One more tap' }).waitFor();
        expect(await scrollsSideways(page)).toBe(false);
        if (scripts) expect(await accessibilityFaults(page)).toEqual([]);
        const posted = page.waitForRequest((request) => request.method() === 'POST');
        await page.getByRole('button', { name: 'Yes, sign me up' }).click();
        expect((await posted).postData()).toMatch(scripts ? /proof=\d+/ : /proof=(&|$)/);
        await page.waitForURL('**/sent?t=*');
      },
    );

    it('a surge costs a reader with a script no tap, and one without it one', async () => {
      const { id } = await web.ctx.db.selectFrom('newsletters').select('id').executeTakeFirstOrThrow();
      const now = web.ctx.clock.now();
      await countWithin(web.ctx.db, `surge:${id}`, 60 * 60_000, now, 2_000);
      for (const scripts of [true, false]) {
        context = await browser.newContext({ javaScriptEnabled: scripts });
        const page = await context.newPage();
        await page.goto(`${web.url}/s/inside-washington?lang=en`);
        await email(page).fill(`surge.${scripts}@example.com`);
        await page.keyboard.press('Enter');
        if (!scripts) await page.getByRole('button', { name: 'Yes, sign me up' }).click();
        await page.waitForURL('**/sent?t=*');
        await context.close();
      }
      web.ctx.clock.advance(2 * 60 * 60_000);
    });

    it('R10 an Enter in the field signs up, and a mistake is told at the field and on top', async () => {
      context = await browser.newContext({ javaScriptEnabled: false });
      const page = await context.newPage();
      await page.goto(`${web.url}/s/inside-washington?lang=en`);
      await email(page).fill('rina@mailinator.com');
      await page.keyboard.press('Enter');
      await page.locator('.error-summary a').click();
      expect(page.url()).toContain('#email');
      expect(await email(page).getAttribute('aria-describedby')).toBe('email-error');
      expect(await email(page).inputValue()).toBe('rina@mailinator.com');
    });
  });

  it('shows all three levels in light, dark, narrow and right to left on one page', async () => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const refused: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') refused.push(message.text());
    });
    await page.goto(`${web.url}/embed/preview?newsletter=inside-washington&lang=en`);
    expect(await page.locator('.previews iframe').count()).toBe(12);
    expect(await page.locator('pre').count()).toBe(3);
    expect(await accessibilityFaults(page)).toEqual([]);
    for (const level of ['html', 'script', 'iframe']) {
      for (const view of ['light', 'dark', 'narrow', 'rtl']) {
        await page.goto(
          `${web.url}/embed/preview/${level}?newsletter=inside-washington&lang=en&view=${view}`,
        );
        const inside = level === 'iframe' ? page.frameLocator('iframe') : page;
        await inside.locator('input[name=email]').waitFor();
        expect(await scrollsSideways(page)).toBe(false);
      }
    }
    expect(refused).toEqual([]);
    expect((await fetch(`${web.url}/embed/preview?newsletter=nothing-here`)).status).toBe(404);
  });
});

/** Does this to what our script sends; a form that the browser itself sends goes through. */
function onlyScripts(spoil: (route: Parameters<Parameters<Page['route']>[1]>[0]) => unknown) {
  return async (route: Parameters<Parameters<Page['route']>[1]>[0]) => {
    if (route.request().isNavigationRequest()) await route.continue();
    else await spoil(route);
  };
}
