import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { copyBlocks } from '../../src/newsletters/embed.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import { openBrowser } from './browser.ts';
import { openPublisherSite, type PublisherSite } from './publisher-site.ts';
import { seedInsideWashington } from './sign-ups.ts';
import { openTestWeb, type Web } from './web.ts';

/** Where the box's form is posted to. */
export const signUpPath = '**/s/inside-washington';

export interface Articles {
  web: Web;
  site: PublisherSite;
  newsletter: Newsletter;
  /** A window of its own. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** An article with the box, its shifts of layout counted as Chromium counts them. */
  open(
    level: 'html' | 'script' | 'iframe',
    options?: { lang?: string; width?: number; dark?: boolean; scripts?: boolean; dir?: string },
  ): Promise<Page>;
  /** Closes the windows; all of their readers share this machine's network, so time goes on too. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

/** A publisher's site with articles that hold the box, the program behind them, and a browser. */
export async function openArticles(): Promise<Articles> {
  const web = await openTestWeb();
  const newsletter = await seedInsideWashington(web.ctx);
  const site = await openPublisherSite(
    () => web.url,
    async (level, lang) => {
      const wordings = await currentWordings(web.ctx.db, newsletter, lang);
      return copyBlocks(newsletter, lang, { baseUrl: web.url, wordings })[level as 'html'];
    },
  );
  await changeNewsletter(web.ctx, newsletter.id, { allowed_origins: [site.url] });
  const browser: Browser = await openBrowser();
  const contexts: BrowserContext[] = [];
  const articles: Articles = {
    web,
    site,
    newsletter,
    context: async (options = {}) => {
      const made = await browser.newContext(options);
      contexts.push(made);
      return made;
    },
    open: async (level, options = {}) => {
      const { lang = 'en', width = 768, dark = false, scripts = true, dir = 'ltr' } = options;
      const context = await articles.context({
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
    },
    rest: async () => {
      for (const context of contexts.splice(0)) await context.close();
      web.ctx.clock.advance(20 * 60_000);
    },
    close: async () => {
      await browser.close();
      await site.close();
      await web.close();
    },
  };
  return articles;
}

/** The sum of all shifts so far, without those that a browser forgives after a reader's own doing. */
export function shifted(page: Page): Promise<number> {
  return page.evaluate<number>('window.shifts.reduce((sum, one) => sum + one, 0)');
}

/** Where the paragraph after the box stands. */
export function afterTop(page: Page): Promise<number> {
  return page.evaluate<number>("document.querySelector('#after').getBoundingClientRect().top");
}

export function focused(page: Page): Promise<string> {
  return page.evaluate<string>(
    'document.activeElement.name || document.activeElement.type || document.activeElement.textContent',
  );
}

export function email(page: Page): Locator {
  return page.locator('input[name=email]');
}

/** Answers later than the half second in which a browser forgives movement. */
export async function slowly(page: Page): Promise<void> {
  await page.route(signUpPath, async (route) => {
    await new Promise((go) => setTimeout(go, 700));
    await route.continue();
  });
}
