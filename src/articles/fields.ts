import { parseHttpUrl } from '../lib/http-url.ts';
import type { ArticleImage } from '../platform/db/tables.ts';
import { cleanLine, countWords } from './clean-text.ts';
import type { FoundImage } from './found.ts';

const titleCharsMax = 300;
const dekCharsMax = 300;
const derivedDekCharsMax = 180;
/** A first paragraph shorter than this, such as a place and a date, is no summary. */
const derivedDekCharsMin = 60;
const authorCharsMax = 120;
const tagCharsMax = 60;
const tagsMax = 20;
const altCharsMax = 300;
const pixelsMax = 20_000;

export function tidyTitle(text: string): string {
  return cleanLine(text, titleCharsMax);
}

export function tidyDek(text: string): string {
  return cleanLine(text, dekCharsMax);
}

/** The first sentence or sentences of a body that fit in 180 characters; a first sentence that does not is cut at a word. */
export function deriveDek(paragraphs: readonly string[], lang: string): string | undefined {
  const enough = paragraphs.findIndex((_, index) => lengthOf(paragraphs, index) >= derivedDekCharsMin);
  const text = paragraphs
    .slice(0, enough < 0 ? paragraphs.length : enough + 1)
    .join(' ')
    .replace(/\s+/gu, ' ')
    .slice(0, 2_000);
  let end = 0;
  for (const { segment, index } of new Intl.Segmenter(lang, { granularity: 'sentence' }).segment(text)) {
    const sentenceEnd = index + segment.trimEnd().length;
    if (sentenceEnd > derivedDekCharsMax) break;
    end = sentenceEnd;
  }
  const whole = end >= derivedDekCharsMin || end === text.length;
  return (whole ? text.slice(0, end) : cleanLine(text, derivedDekCharsMax)) || undefined;
}

/** Names in their order; an address that stands in for a name or beside it is left out. */
export function tidyAuthors(names: readonly (string | undefined)[]): string | undefined {
  const clean = names.map((name) =>
    cleanLine(
      (name ?? '').replace(/[<(]?[^\s<>()@]+@[^\s<>()@]+[>)]?/g, ' ').replace(/^\s*\((.*)\)\s*$/, '$1'),
      authorCharsMax,
    ).replace(/^(?:by|oleh)\s+/iu, ''),
  );
  return [...new Set(clean.filter((name) => name !== ''))].join(', ').slice(0, authorCharsMax) || undefined;
}

/** The key a newsletter's recipe knows a section by: `US Politics` is `us-politics`. */
export function sectionKey(text: string): string | undefined {
  const key = cleanLine(text, tagCharsMax)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return key || undefined;
}

/** At most twenty, in their order, each once whatever its case. */
export function tidyTags(names: readonly (string | undefined)[]): string[] {
  const tags = new Map<string, string>();
  for (const name of names) {
    const tag = cleanLine(name ?? '', tagCharsMax);
    if (tag !== '' && !tags.has(tag.toLowerCase())) tags.set(tag.toLowerCase(), tag);
  }
  return [...tags.values()].slice(0, tagsMax);
}

/**
 * The language as newsletters name it: `en-US` and `en_GB` are `en`; a script that was named is kept.
 *
 * @returns `undefined` when the text is no language tag (BCP 47).
 */
export function languageOf(text: string): string | undefined {
  const tag = text.trim().replaceAll('_', '-');
  if (!/^[a-z]{2,3}(?:-[a-z0-9]{1,8})*$/i.test(tag)) return undefined;
  try {
    const { language, script } = new Intl.Locale(tag);
    return script ? `${language}-${script}` : language;
  } catch {
    return undefined;
  }
}

export function tidyImage(image: FoundImage, base?: string): ArticleImage | undefined {
  const url = parseHttpUrl(image.url.trim(), base);
  if (!url) return undefined;
  url.hash = '';
  const width = pixels(image.width);
  const height = pixels(image.height);
  return {
    url: url.href,
    alt: cleanLine(image.alt ?? '', altCharsMax),
    ...(width && { width }),
    ...(height && { height }),
  };
}

/** What a reader would read: the body, or the dek where there is none. */
export function wordsOf(article: { body: string | undefined; dek: string | undefined }): number {
  return countWords(article.body ?? article.dek ?? '');
}

function lengthOf(paragraphs: readonly string[], last: number): number {
  return paragraphs.slice(0, last + 1).join(' ').length;
}

function pixels(count: number | undefined): number | undefined {
  return count !== undefined && Number.isInteger(count) && count > 0 && count <= pixelsMax
    ? count
    : undefined;
}
