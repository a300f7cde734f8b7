import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { drawPicture } from '../picture.ts';
import type { Shot } from './find-shots.ts';
import { smallPng } from './small-png.ts';

const settleTimeoutMs = 15_000;

/** Takes one picture as a PNG file. Nothing is fetched from outside this machine: other hosts' pictures are drawn. @returns its bytes. */
export async function take(browser: Browser, shot: Shot, dir: string): Promise<number> {
  const { name, url, html, width, height, dark = false } = shot;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(settleTimeoutMs);
    await page.route(
      (asked) => !['localhost', '127.0.0.1'].includes(asked.hostname),
      (route) => route.fulfill({ contentType: 'image/png', body: drawPicture('ridges', 12) }),
    );
    if (html === undefined) await page.goto(url ?? 'about:blank', { waitUntil: 'networkidle' });
    else await page.setContent(html, { waitUntil: 'networkidle' });
    const png = smallPng(await page.screenshot({ animations: 'disabled' }));
    await writeFile(join(dir, `${name}.png`), png);
    return png.length;
  } finally {
    await context.close();
  }
}
