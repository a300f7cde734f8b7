import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { raw } from 'hono/html';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { boxHtml } from '../../src/newsletters/embed.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { assets } from '../../src/platform/http/assets.ts';
import { Page } from '../../src/platform/http/layout.tsx';
import { dirOf } from '../../src/platform/i18n/languages.ts';
import { say } from '../../src/platform/i18n/messages.ts';
import {
  accessibilityFaults,
  chromiumPath,
  cutTexts,
  openBrowser,
  scrollsSideways,
} from '../support/browser.ts';
import { testContext } from '../support/context.ts';
import { openNewsroom } from '../support/newsroom.ts';

const ctx = await testContext();
const { baseUrl } = ctx.config;
const newsletter = await openNewsroom(ctx, { privacy_url: 'https://www.example.org/privasi' });
const boxIn = async (lang: string) =>
  boxHtml(newsletter, lang, { baseUrl, wordings: await currentWordings(ctx.db, newsletter, lang) });

describe('the sign-up box', () => {
  it('is the plain HTML that works without script and style', async () => {
    expect(
      await boxIn('id'),
    ).toBe(`<section class="dl-box" aria-labelledby="dl-h-inside-washington" lang="id">
  <h2 id="dl-h-inside-washington">Dapatkan email gratis Inside Washington</h2>
  <p>Politik Amerika Serikat, diliput dan dijelaskan dari ibu kotanya, setiap pagi hari kerja.</p>
  <form data-dateline method="post" action="https://news.example.org/s/inside-washington" accept-charset="utf-8">
    <label for="dl-e-inside-washington">Alamat email</label>
    <input id="dl-e-inside-washington" name="email" type="email" required autocomplete="email" inputmode="email"
           autocapitalize="none" spellcheck="false" maxlength="254" dir="ltr">
    <input id="dl-c-inside-washington" name="marketing" type="checkbox" value="yes">
    <label for="dl-c-inside-washington">Kirimi saya juga email tentang penawaran dan acara dari Example Media (opsional)</label>
    <p hidden><label for="dl-w-inside-washington">Biarkan kosong</label>
      <input id="dl-w-inside-washington" name="website" tabindex="-1" autocomplete="off"></p>
    <input type="hidden" name="lang" value="id"><input type="hidden" name="src" value="article-box">
    <input type="hidden" name="consent_v" value="2026-07-14.id">
    <button type="submit">Daftar</button>
    <p>Berhenti berlangganan kapan saja. Baca <a href="https://www.example.org/privasi">pemberitahuan privasi</a> kami.</p>
  </form>
</section>
`);
  });

  it('escapes everything that comes from data', async () => {
    const hostile = {
      ...newsletter,
      name: `<img src=x onerror="alert('1')">`,
      promise: { en: '</p><script>alert(1)</script>' },
      privacyUrl: 'https://www.example.org/?a="><script>&b',
    };
    const wordings = await currentWordings(ctx.db, newsletter, 'en');
    const html = boxHtml(hostile, 'en', {
      baseUrl,
      wordings: { ...wordings, marketing: { ...wordings.marketing, text: '"><b>& co' } },
      src: '"><i>',
    });
    expect(html).not.toMatch(/<(script|img|b|i)\b/);
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;');
  });

  it('shows just the words that are kept with a consent', async () => {
    for (const lang of ['en', 'id']) {
      const { newsletter: kept, marketing } = await currentWordings(ctx.db, newsletter, lang);
      const shown = (await boxIn(lang)).replace(/<[^>]+>/g, '');
      for (const line of kept.text.split('\n')) expect(shown).toContain(line.replace(/^\[|\]$/g, ''));
      expect(shown).toContain(marketing.text);
    }
  });

  it('names the present words once they have changed', async () => {
    const changed = await changeNewsletter(ctx, newsletter.id, { promise: { en: 'US politics at noon.' } });
    const wordings = await currentWordings(ctx.db, changed, 'en');
    const html = boxHtml(changed, 'en', { baseUrl, wordings });
    expect(html).toContain('US politics at noon.');
    expect(html).toContain('value="2026-07-14-2.en"');
    await changeNewsletter(ctx, newsletter.id, { promise: { en: newsletter.promise.en ?? '' } });
  });
});

describe.skipIf(!chromiumPath)('the sign-up box in a browser', () => {
  let browser: Browser;
  let base = '';
  let server: ReturnType<typeof serve>;

  beforeAll(async () => {
    browser = await openBrowser();
    base = await new Promise((resolve) => {
      server = serve({ fetch: site().fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
        resolve(`http://127.0.0.1:${port}`),
      );
    });
  });
  afterAll(async () => {
    await browser.close();
    await new Promise((resolve) => server.close(resolve));
  });

  /** The box on our own page with our styles, and bare as a publisher pastes it. */
  function site() {
    const app = new Hono();
    app.route('/', assets());
    app.get('/ours/:lang', async (c) => {
      const { lang } = c.req.param();
      const box = await boxIn(lang === 'ar' ? 'en' : lang);
      return c.html(
        <Page
          lang={lang}
          dir={dirOf(lang)}
          title={newsletter.name}
          words={{ skip: say(lang, 'page.skip'), languages: say(lang, 'page.languages') }}
          folio={['Example Media', newsletter.name]}
          languageLinks={[
            { lang: 'en', name: 'English', href: '/ours/en', current: lang === 'en' },
            { lang: 'id', name: 'Bahasa Indonesia', href: '/ours/id', current: lang === 'id' },
          ]}
          legal={<p>Example Media Ltd, 1 Example Street</p>}
        >
          <h1>{newsletter.name}</h1>
          {raw(box)}
        </Page>,
      );
    });
    app.get('/bare/:lang', async (c) => {
      const { lang } = c.req.param();
      return c.html(
        `<!doctype html><html lang="${lang}"><title>An article</title><main><h1>An article</h1>${await boxIn(lang)}</main></html>`,
      );
    });
    return app;
  }

  it.each([
    ['/ours/en', 'light'],
    ['/ours/en', 'dark'],
    ['/ours/id', 'light'],
    ['/ours/id', 'dark'],
    ['/ours/ar', 'light'],
    ['/bare/en', 'light'],
    ['/bare/id', 'light'],
  ] as const)('R9 has no accessibility fault: %s %s', async (path, colorScheme) => {
    const reader = await browser.newContext({ colorScheme });
    const page = await reader.newPage();
    await page.goto(base + path);
    expect(await accessibilityFaults(page)).toEqual([]);
    await reader.close();
  });

  it.each(['/ours/en', '/ours/id', '/bare/en', '/bare/id'])(
    'R3 leaves the consent box unticked: %s',
    async (path) => {
      const page = await browser.newPage();
      await page.goto(base + path);
      const consent = page.locator('input[name=marketing]');
      expect(await consent.isChecked()).toBe(false);
      expect(await consent.getAttribute('required')).toBeNull();
      expect(await page.locator('input[name=website]').isVisible()).toBe(false);
      await page.close();
    },
  );

  it('R10 is walked in order by keyboard, with a ring that shows', async () => {
    const page = await browser.newPage();
    await page.goto(`${base}/ours/en`);
    await page.locator('input[name=email]').focus();
    const walked: string[] = [];
    for (let step = 0; step < 4; step += 1) {
      walked.push(
        await page.evaluate(
          'document.activeElement.name || document.activeElement.type || document.activeElement.textContent',
        ),
      );
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineWidth')).toBe('3px');
      await page.keyboard.press('Tab');
    }
    expect(walked).toEqual(['email', 'marketing', 'submit', 'privacy notice']);
    await page.close();
  });

  it.each(['/ours/en', '/ours/id', '/ours/ar'])(
    'R11 fits 320 px at twice the text size: %s',
    async (path) => {
      const page = await browser.newPage({ viewport: { width: 320, height: 640 } });
      await page.goto(base + path);
      expect(await scrollsSideways(page)).toBe(false);
      expect(await cutTexts(page)).toEqual([]);
      await page.addStyleTag({ content: 'html { font-size: 200% }' });
      expect(await scrollsSideways(page)).toBe(false);
      expect(await cutTexts(page)).toEqual([]);
      const small = await page
        .locator('.dl-box button, .dl-box input[name=email]')
        .evaluateAll((elements) =>
          elements.map((one) => one.getBoundingClientRect().height).filter((height) => height < 44),
        );
      expect(small).toEqual([]);
      await page.close();
    },
  );

  it('R6 loads nothing from another host and runs no script', async () => {
    const page = await browser.newPage();
    const hosts = new Set<string>();
    page.on('request', (request) => void hosts.add(new URL(request.url()).origin));
    await page.goto(`${base}/ours/en`);
    expect([...hosts].filter((host) => host !== 'null')).toEqual([base]);
    expect(await page.locator('script').count()).toBe(0);
    await page.close();
  });

  it('keeps a hosted page with its styles under 30 KB', async () => {
    const html = await (await fetch(`${base}/ours/id`)).text();
    const styled = await fetch(`${base}/assets/dateline.css`);
    const css = await styled.text();
    expect(html.length + css.length).toBeLessThan(30_000);
    const etag = styled.headers.get('etag') ?? '';
    const again = await fetch(`${base}/assets/dateline.css`, { headers: { 'If-None-Match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

afterAll(() => ctx.close());
