import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { correctEdition } from '../../src/editions/correct.ts';
import { namedEdition } from '../../src/editions/find.ts';
import { republishEdition } from '../../src/editions/republish.ts';
import { unpublishEdition } from '../../src/editions/unpublish.ts';
import { namedOrOnlyNewsletter } from '../../src/newsletters/find.ts';
import { goOut } from '../support/archive.ts';
import {
  accessibilityFaults,
  chromiumPath,
  cutTexts,
  openBrowser,
  scrollsSideways,
} from '../support/browser.ts';
import { openNewsroom } from '../support/newsroom.ts';
import { askToJoin } from '../support/sign-ups.ts';
import { openTestWeb, type Web } from '../support/web.ts';

const dates = ['2026-07-13', '2026-07-14', '2026-07-15'] as const;
const hostile = 'Ministers’ "quota" </script><script>document.title="x"</script> & more';
let web: Web;
let browser: Browser;

describe.skipIf(!chromiumPath)('the archive in a browser', () => {
  beforeAll(async () => {
    web = await openTestWeb();
    browser = await openBrowser();
    const { ctx } = web;
    const newsletter = await openNewsroom(ctx);
    await askToJoin(ctx, 'a.subscriber@example.com', { lang: 'en' });
    for (const slotDate of dates) {
      const edition = await goOut(ctx, newsletter, slotDate, (index) =>
        index === 2 ? { title: `${hostile} ${slotDate}` } : {},
      );
      if (slotDate === dates[1]) {
        await correctEdition(ctx, { edition, newsletter, notes: { en: 'A figure was wrong.' }, by: 'test' });
      }
    }
  });
  afterAll(async () => {
    await browser?.close();
    await web?.close();
  });

  it('R32 says what it is, in both languages, to people, search engines and link previews', async () => {
    const page = await browser.newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    for (const [lang, prefix] of [
      ['en', ''],
      ['id', '/id'],
    ] as const) {
      const url = `${web.url}${prefix}/inside-washington/${dates[1]}`;
      await page.goto(url);
      const meta = (name: string) =>
        attribute(page, `meta[property="${name}"], meta[name="${name}"]`, 'content');
      expect(await attribute(page, 'link[rel=canonical]', 'href')).toBe(url);
      expect(await meta('og:type')).toBe('article');
      expect(await meta('og:url')).toBe(url);
      expect(await meta('og:title')).toContain('Inside Washington');
      expect(await meta('og:description')).toBe(await meta('description'));
      expect(await meta('article:published_time')).toBe('2026-07-14T11:00:00.000Z');
      expect(await meta('twitter:card')).toBe('summary_large_image');
      expect(await meta('og:image')).toBe('https://www.example.org/lead.jpg');
      for (const [tag, href] of [
        ['en', `${web.url}/inside-washington/${dates[1]}`],
        ['id', `${web.url}/id/inside-washington/${dates[1]}`],
        ['x-default', `${web.url}/inside-washington/${dates[1]}`],
      ]) {
        expect(await attribute(page, `link[rel=alternate][hreflang="${tag}"]`, 'href')).toBe(href);
      }
      expect(await attribute(page, 'link[type="application/rss+xml"]', 'href')).toBe(
        `${web.url}${prefix}/inside-washington/feed.xml`,
      );
      expect(await page.locator('h1').count()).toBe(1);
      expect(await attribute(page, 'html', 'lang')).toBe(lang);
      expect(await page.locator('nav a[rel=prev]').getAttribute('href')).toBe(
        `${prefix}/inside-washington/${dates[0]}`,
      );
      expect(await page.locator('nav a[rel=next]').getAttribute('href')).toBe(
        `${prefix}/inside-washington/${dates[2]}`,
      );
      expect(await page.locator('form[action$="/s/inside-washington"]').count()).toBe(2);
      expect(await page.content()).not.toMatch(/subscriber@|\/[um]\/|\[\[/);
    }
    expect(asked.filter((url) => new URL(url).origin !== web.url && !url.startsWith('data:'))).toEqual([]);
    await page.close();
  });

  it('R32 carries JSON-LD that lists its stories, whatever is in their headlines', async () => {
    const page = await browser.newPage();
    await page.goto(`${web.url}/inside-washington/${dates[1]}`);
    expect(await page.title()).not.toBe('x');
    const text = await page.locator('script[type="application/ld+json"]').textContent();
    const told = JSON.parse(text ?? '');
    expect(told).toMatchObject({
      '@context': 'https://schema.org',
      '@type': 'CollectionPage',
      url: `${web.url}/inside-washington/${dates[1]}`,
      inLanguage: 'en',
      datePublished: '2026-07-14T11:00:00.000Z',
      publisher: { '@type': 'Organization', name: 'Example Media' },
      mainEntity: { '@type': 'ItemList' },
    });
    const items = told.mainEntity.itemListElement as {
      '@type': string;
      position: number;
      name: string;
      url: string;
    }[];
    expect(items).toHaveLength(told.mainEntity.numberOfItems);
    expect(items.map((item) => item.position)).toEqual(items.map((_, at) => at + 1));
    expect(items.some((item) => item.name === `${hostile} ${dates[1]}`)).toBe(true);
    const links = await page.evaluate(
      "[...document.querySelectorAll('.edition :is(h2, h3, li) a')].map((one) => one.href)",
    );
    expect(items.map((item) => item.url)).toEqual(links);
    await page.close();
  });

  it('R32 has feeds and sitemaps that an XML parser takes', async () => {
    const page = await browser.newPage();
    await page.goto(`${web.url}/inside-washington`);
    for (const path of ['/inside-washington/feed.xml', '/sitemap.xml', '/sitemap/inside-washington.xml']) {
      const xml = await (await fetch(web.url + path)).text();
      const fault = await page.evaluate(
        `new DOMParser().parseFromString(${JSON.stringify(xml)}, 'application/xml').querySelector('parsererror')?.textContent`,
      );
      expect(fault, path).toBeUndefined();
    }
    await page.close();
  });

  it('signs a reader up from the box at its end, without a script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${web.url}/id/inside-washington/${dates[2]}`);
    expect(await page.locator('#dl-e-inside-washington-top').isVisible()).toBe(false);
    await page.locator('summary').click();
    expect(await page.locator('#dl-e-inside-washington-top').isVisible()).toBe(true);
    await page.fill('#dl-e-inside-washington-end', 'from.the.archive@example.com');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Periksa kotak masuk Anda' }).waitFor();
    await context.close();
  });

  it.each(['light', 'dark'] as const)(
    'R9 has no fault that axe can see, in %s',
    async (colorScheme) => {
      const context = await browser.newContext({ colorScheme, viewport: { width: 768, height: 1024 } });
      const page = await context.newPage();
      for (const path of everyPage()) {
        await page.goto(web.url + path);
        expect(await accessibilityFaults(page), path).toEqual([]);
        await page.locator('summary').first().click();
        expect(await accessibilityFaults(page), `${path} unfolded`).toEqual([]);
      }
      await context.close();
    },
    120_000,
  );

  it('R9 has no fault on the page of an edition that was taken down', async () => {
    const { ctx } = web;
    const newsletter = await namedOrOnlyNewsletter(ctx.db, undefined);
    const edition = await namedEdition(ctx.db, dates[0]);
    await unpublishEdition(ctx, { edition, newsletter, by: 'test' });
    const context = await browser.newContext();
    const page = await context.newPage();
    for (const prefix of ['', '/id']) {
      const answer = await page.goto(`${web.url}${prefix}/inside-washington/${dates[0]}`);
      expect(answer?.status()).toBe(410);
      expect(await accessibilityFaults(page), prefix).toEqual([]);
    }
    await context.close();
    await republishEdition(ctx, { edition, newsletter, by: 'test' });
  });

  it('R11 never scrolls sideways at 320 px with text twice as large', async () => {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
    const page = await context.newPage();
    for (const path of everyPage()) {
      await page.goto(web.url + path);
      await page.evaluate("document.documentElement.style.fontSize = '200%'");
      expect(await scrollsSideways(page), path).toBe(false);
      expect(await cutTexts(page), path).toEqual([]);
    }
    await context.close();
  });
});

function everyPage(): string[] {
  return ['', '/id'].flatMap((prefix) =>
    ['', `/${dates[1]}`].map((page) => `${prefix}/inside-washington${page}`),
  );
}

function attribute(page: Page, selector: string, name: string): Promise<string | null> {
  return page.locator(selector).first().getAttribute(name);
}
