import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openBrowser } from '../support/browser.ts';
import { seedInsideWashington } from '../support/sign-ups.ts';
import { openTestWeb, type Web } from '../support/web.ts';

let web: Web;
let browser: Browser;

/** The publisher's own site, whose article carries a box and whose thanks the box names. */
const site = createServer((request, answer) => {
  answer.setHeader('Content-Type', 'text/html');
  answer.end(request.url === '/thanks' ? '<title>Thanks</title>' : article());
});
const siteUrl = () => `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

function article(): string {
  return `<!doctype html><title>An article</title><form method="post" action="${web.url}/s/inside-washington">
    <input name="email"><input type="hidden" name="return_to" value="${siteUrl()}/thanks"><button>Go</button></form>`;
}

describe.skipIf(!chromiumPath)('a box that names where its readers go afterwards', () => {
  beforeAll(async () => {
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    web = await openTestWeb();
    await seedInsideWashington(web.ctx, { return_to: [`${siteUrl()}/thanks`] });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await web?.close();
    site.close();
  });

  it('brings them back there also after a slip that our own page let them mend', async () => {
    const page = await browser.newPage();
    await page.goto(siteUrl());
    await page.fill('input[name=email]', 'rina@@example.com');
    await page.click('button');
    expect(new URL(page.url()).origin).toBe(web.url);
    await page.fill('#email', 'rina@example.com');
    await page.click('form[action="/s/inside-washington"] button');
    await page.waitForURL(`${siteUrl()}/thanks`, { timeout: 5_000 });
    expect(await page.title()).toBe('Thanks');
  });
});
