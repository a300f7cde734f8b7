import { existsSync } from 'node:fs';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, chromium, type Page } from 'playwright-core';

const places = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is on this machine; undefined = nowhere, and tests that need it say that they are skipped. */
export const chromiumPath = places.find((path) => path !== undefined && existsSync(path));

if (!chromiumPath) console.log('skipped: pages in a real browser (no Chromium; set CHROMIUM_PATH)');

/** Without the last four a browser asks its maker's servers for news of its own. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<Browser> {
  if (!chromiumPath) throw new Error('there is no Chromium on this machine');
  return chromium.launch({ executablePath: chromiumPath, args: flags });
}

/** On a page without frames axe need not gather what it found in a second page, where it would be loaded once more. */
export function axeOn(page: Page): AxeBuilder {
  return new AxeBuilder({ page }).setLegacyMode(page.frames().length === 1);
}

/** What axe finds against WCAG 2.2 A and AA, as one line each. The page must come from `browser.newContext()`. */
export async function accessibilityFaults(
  page: Page,
  options: { without?: string[] } = {},
): Promise<string[]> {
  const found = await axeOn(page)
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .disableRules(options.without ?? [])
    .analyze();
  return found.violations.map(
    (fault) =>
      `${fault.id}: ${fault.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary}`).join('; ')}`,
  );
}

/** Whether the page is wider than its window: a reader would have to scroll sideways. */
export async function scrollsSideways(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
}

/** Texts that their own box cuts off, so that nobody can read their end; what is hidden from the eye on purpose is none. */
export async function cutTexts(page: Page): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('body *')]
    .filter((one) => {
      if (one.matches('select, option, input, textarea, iframe') || !one.checkVisibility()) return false;
      if (one.textContent.trim() === '' || one.clientWidth <= 1 || one.clientHeight <= 1) return false;
      const { overflowX, overflowY } = getComputedStyle(one);
      const cuts = (overflow) => overflow === 'hidden' || overflow === 'clip';
      return (cuts(overflowX) && one.scrollWidth > one.clientWidth + 1) || (cuts(overflowY) && one.scrollHeight > one.clientHeight + 1);
    })
    .map((one) => one.tagName + ': ' + one.textContent.trim().slice(0, 60))`);
}
