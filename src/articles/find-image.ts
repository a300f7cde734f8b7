import { parseHTML } from 'linkedom';
import { articleUrl } from './article-url.ts';
import { boundedHtml } from './bounded-html.ts';
import type { FoundImage } from './found.ts';

/** Smaller pictures are buttons and counters. */
const sidePixelsMin = 100;

/**
 * The picture with this address in a piece of HTML, or, without an address, the first that is large enough to be one.
 */
export function findImage(html: string, url: string | undefined, base?: string): FoundImage | undefined {
  if (!/<img\b/i.test(html)) return undefined;
  const { document } = parseHTML(`<!doctype html><html><body>${boundedHtml(html)}</body></html>`);
  const images = [...document.querySelectorAll('img')].map((img) => ({
    url: img.getAttribute('src') ?? '',
    alt: img.getAttribute('alt') ?? '',
    width: sideOf(img.getAttribute('width')),
    height: sideOf(img.getAttribute('height')),
  }));
  if (url !== undefined) return images.find((image) => articleUrl(image.url, base) === articleUrl(url));
  return images.find(
    (image) => articleUrl(image.url, base) !== undefined && !isSmall(image.width) && !isSmall(image.height),
  );
}

function sideOf(attribute: string | null): number | undefined {
  return attribute && /^\d+$/.test(attribute) ? Number(attribute) : undefined;
}

function isSmall(side: number | undefined): boolean {
  return side !== undefined && side < sidePixelsMin;
}
