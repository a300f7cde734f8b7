import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renderDigest, renderLetter } from '../../../src/platform/render/mail.ts';
import { endMjml } from '../../../src/platform/render/mjml.ts';
import type { LetterName, LetterViews } from '../../../src/platform/render/views.ts';
import { axeOn, chromiumPath, openBrowser } from '../../support/browser.ts';
import { fillPlaces, sample, templates } from './samples.ts';

type Conditions = { colorScheme?: 'light' | 'dark'; width?: number; images?: 'shown' | 'off' };

const inBrowser = test.skipIf(!chromiumPath);
const picture =
  '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="675"><rect width="1200" height="675"/></svg>';
const mails = [
  'digest.en',
  'digest.id',
  'digest.ar',
  'confirmation.id',
  'already-subscribed.en',
  'paused.en',
  'welcome.en',
];

let browser: Browser;
const rendered = new Map<string, string>();

beforeAll(async () => {
  if (!chromiumPath) return;
  browser = await openBrowser();
  for (const mail of mails) {
    const name = mail.replace(/\..*$/, '');
    const { html } =
      name === 'digest'
        ? await renderDigest(templates, sample(mail))
        : await renderLetter(templates, name as LetterName, sample<LetterViews[LetterName]>(mail));
    rendered.set(mail, fillPlaces(html));
  }
});

afterAll(async () => {
  endMjml();
  await browser?.close();
});

async function withMail(
  mail: string,
  conditions: Conditions,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: conditions.width ?? 700, height: 900 },
    colorScheme: conditions.colorScheme ?? 'light',
    javaScriptEnabled: true,
  });
  try {
    const page = await context.newPage();
    await page.route(/^https:/, (route) =>
      conditions.images === 'off'
        ? route.abort()
        : route.fulfill({ contentType: 'image/svg+xml', body: picture }),
    );
    await page.setContent(rendered.get(mail) ?? '', { waitUntil: 'load' });
    await look(page);
  } finally {
    await context.close();
  }
}

const inDark = ['digest.en', 'already-subscribed.en', 'welcome.en'];

for (const colorScheme of ['light', 'dark'] as const) {
  inBrowser.each(colorScheme === 'light' ? mails : inDark)(
    `R29 R30 %s has nothing that axe objects to, in ${colorScheme}`,
    async (mail) => {
      await withMail(mail, { colorScheme }, async (page) => {
        const rules = { region: { enabled: false }, 'target-size': { enabled: true } };
        const found = await axeOn(page).options({ rules }).analyze();
        expect(
          found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`),
        ).toEqual([]);
        const contrast = found.passes.find(({ id }) => id === 'color-contrast');
        expect(contrast?.nodes.length).toBeGreaterThan(3);
        expect(found.incomplete.filter(({ id }) => id === 'color-contrast')).toEqual([]);
        const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(paper).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(20, 23, 28)');
      });
    },
  );
}

inBrowser.each(mails)(
  'R29 %s has one h1, skips no level, says its language and direction, and hides its tables',
  async (mail) => {
    await withMail(mail, {}, async (page) => {
      const { headings, roots, tables } = await page.evaluate<{
        headings: number[];
        roots: (string | null)[][];
        tables: { all: number; presentation: number };
      }>(`({
      headings: [...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((heading) => Number(heading.tagName[1])),
      roots: [...document.querySelectorAll('html, [role=article]')].map((e) => [e.getAttribute('lang'), e.getAttribute('dir')]),
      tables: {
        all: document.querySelectorAll('table').length,
        presentation: document.querySelectorAll('table[role=presentation]').length,
      },
    })`);
      expect(headings.filter((level) => level === 1)).toHaveLength(1);
      for (const [index, level] of headings.entries())
        expect(level).toBeLessThanOrEqual((headings[index - 1] ?? 0) + 1);
      const { lang, dir } = sample<{ lang: string; dir: string }>(mail);
      expect(roots).toEqual([
        [lang, dir],
        [lang, dir],
      ]);
      expect(tables.presentation).toBe(tables.all);
      expect(tables.all).toBeGreaterThan(3);
    });
    const outlookTables = rendered.get(mail)?.match(/<table\b[^>]*>/g) ?? [];
    for (const table of outlookTables) expect(table).toContain('role="presentation"');
  },
);

inBrowser.each([
  ['digest.en', 320, 'shown'],
  ['digest.id', 320, 'shown'],
  ['digest.ar', 320, 'shown'],
  ['digest.en', 700, 'shown'],
  ['digest.ar', 700, 'shown'],
  ['confirmation.id', 320, 'shown'],
  ['digest.en', 320, 'off'],
  ['digest.ar', 320, 'off'],
  ['digest.en', 700, 'off'],
] as const)(
  'R30 %s at %i px, images %s, neither overflows nor lets its texts overlap',
  async (mail, width, images) => {
    await withMail(mail, { width, images }, async (page) => {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      const boxes = await page.evaluate<{ top: number; bottom: number; left: number; right: number }[]>(
        `[...document.querySelectorAll('h1,h2,h3,p,li,img')].map((element) => {
        const { top, bottom, left, right } = element.getBoundingClientRect();
        return { top, bottom, left, right };
      })`,
      );
      expect(boxes.length).toBeGreaterThan(5);
      for (const [index, box] of boxes.entries()) {
        expect(box.left).toBeGreaterThanOrEqual(0);
        expect(box.right).toBeLessThanOrEqual(width);
        for (const later of boxes.slice(index + 1)) {
          const isApart =
            box.bottom <= later.top + 0.5 || box.right <= later.left + 0.5 || later.right <= box.left + 0.5;
          expect(isApart, JSON.stringify([box, later])).toBe(true);
        }
      }
    });
  },
);

inBrowser.each([
  ['digest.en', 'light'],
  ['digest.en', 'dark'],
  ['digest.ar', 'light'],
] as const)('R30 %s says without images what they show, to be read in %s', async (mail, colorScheme) => {
  await withMail(mail, { colorScheme, images: 'off' }, async (page) => {
    const images = await page.evaluate<{ alt: string; isThere: boolean; ink: string; paper: string }[]>(
      `[...document.images].map((image) => {
        const { color, backgroundColor } = getComputedStyle(image);
        return { alt: image.alt, isThere: image.naturalWidth > 0, ink: color, paper: backgroundColor };
      })`,
    );
    expect(images.length).toBeGreaterThan(1);
    for (const { alt, isThere, ink, paper } of images) {
      expect(isThere).toBe(false);
      expect(alt.trim()).not.toBe('');
      expect(contrast(ink, paper), `${ink} on ${paper}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});

/** How much two opaque colours, as a browser writes them, differ (WCAG 2.2, contrast ratio): 1 is not at all. */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [one, other].map(luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const channels = /^rgb\((\d+), (\d+), (\d+)\)$/.exec(colour)?.slice(1).map(Number);
  if (!channels) throw new Error(`not an opaque colour: ${colour}`);
  const [red = 0, green = 0, blue = 0] = channels.map((value) =>
    value <= 10.31 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

inBrowser('a right-to-left digest begins at the right, its thumbnail at the left', async () => {
  await withMail('digest.ar', {}, async (page) => {
    const heading = await page.evaluate<string>(`getComputedStyle(document.querySelector('h3')).textAlign`);
    expect(heading).toBe('right');
    const thumbnail = page.locator('img').nth(1);
    const story = page.locator('h3', { hasText: 'لماذا' });
    expect((await thumbnail.boundingBox())?.x ?? 999).toBeLessThan((await story.boundingBox())?.x ?? 0);
  });
});

inBrowser('a button is at least 44 px high and its label wraps rather than overflow', async () => {
  for (const mail of ['confirmation.id', 'paused.en', 'already-subscribed.en']) {
    await withMail(mail, { width: 320 }, async (page) => {
      const box = await page.locator('.button a').boundingBox();
      expect(box?.height).toBeGreaterThanOrEqual(44);
      expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(304);
    });
  }
});

inBrowser.each(['digest.en', 'digest.id', 'digest.ar', 'welcome.en'])(
  'the short links at the head and the foot of %s are never broken between two lines',
  async (mail) => {
    for (const width of [320, 360, 390]) {
      await withMail(mail, { width }, async (page) => {
        const lines = await page.evaluate<number[]>(
          `[...document.querySelectorAll('.meta a')].map((link) => link.getClientRects().length)`,
        );
        expect(lines.length).toBeGreaterThanOrEqual(3);
        expect(new Set(lines)).toEqual(new Set([1]));
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      });
    }
  },
);

inBrowser('links in text are underlined and text is set at 17/26', async () => {
  await withMail('digest.en', {}, async (page) => {
    const lines = await page.evaluate<string[]>(
      `[...document.querySelectorAll('a')].map((link) => getComputedStyle(link).textDecorationLine)`,
    );
    expect(new Set(lines)).toEqual(new Set(['underline']));
    const sizes = await page.evaluate<string>(
      `(({ fontSize, lineHeight }) => fontSize + '/' + lineHeight)(getComputedStyle(document.querySelector('h3 + p')))`,
    );
    expect(sizes).toBe('17px/26px');
  });
});
