import { compile, type HtmlToTextOptions } from 'html-to-text';
import { boundedHtml } from './bounded-html.ts';

const bodyCharsMax = 200_000;
/** Feeds escape a title once too often, and sometimes twice. */
const escapeLayersMax = 3;
const mayHoldMarkup = /<[a-z/!?]|&#?\w+;/i;

const keepCase = { uppercase: false };
const options: HtmlToTextOptions = {
  wordwrap: false,
  selectors: [
    { selector: 'a', options: { ignoreHref: true } },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: keepCase })),
    { selector: 'ul', options: { itemPrefix: '• ' } },
    { selector: 'blockquote', format: 'block' },
    ...['img', 'figcaption', 'script', 'style', 'template', 'noscript', 'iframe', 'form', 'button'].map(
      (selector) => ({ selector, format: 'skip' }),
    ),
    { selector: 'hr', format: 'skip' },
  ],
};
const convert = compile(options);

/**
 * One line of plain text: no markup, entities decoded, no control or direction-changing characters, white space collapsed,
 * at most `charsMax` characters. Safe to run twice on what it gave.
 */
export function cleanLine(text: string, charsMax: number): string {
  let plain = text.slice(0, 20_000);
  for (let layers = 0; layers < escapeLayersMax && mayHoldMarkup.test(plain); layers++)
    plain = textOfHtml(plain);
  return cutAtWord(withoutTricks(plain).replace(/\s+/gu, ' ').trim(), charsMax);
}

/** The paragraphs of a text: links become their words, pictures and forms go. */
export function paragraphsOfHtml(html: string): string[] {
  return tidyParagraphs(textOfHtml(html).split(/\n\s*\n/));
}

/**
 * The paragraphs of a plain text. Lines that someone wrapped at a narrow width are joined again; in a text with long lines
 * every line is a paragraph.
 */
export function paragraphsOfText(text: string): string[] {
  const lines = withoutTricks(text.slice(0, bodyCharsMax * 2))
    .trim()
    .split('\n');
  const wrapped = lines.some(isBlank) && lines.every((line) => line.length <= 100);
  const blocks = lines.join('\n').split(wrapped ? /\n\s*\n/ : /\n+/);
  return tidyParagraphs(wrapped ? blocks.map((block) => block.replace(/\s+/gu, ' ')) : blocks);
}

/** Cuts at a word, with `…` for what is left out; the sign counts. */
export function cutAtWord(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const atSpace = text.lastIndexOf(' ', charsMax - 1);
  const end = atSpace > charsMax / 2 ? atSpace : charsMax - 1;
  const kept = text.slice(0, end).replace(/\p{Cs}/gu, '');
  return `${kept.replace(/[\s,;:–—-]+$/u, '')}…`;
}

/** Words of a text in any script that puts spaces between them. */
export function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’-][\p{L}\p{N}\p{M}]+)*/gu)?.length ?? 0;
}

function textOfHtml(html: string): string {
  return convert(boundedHtml(html));
}

function tidyParagraphs(blocks: readonly string[]): string[] {
  let chars = 0;
  return blocks
    .map((block) =>
      withoutTricks(block)
        .split('\n')
        .map((line) => line.replace(/\s+/gu, ' ').trim())
        .filter((line) => line !== '')
        .join('\n'),
    )
    .filter((paragraph) => {
      chars += paragraph.length;
      return paragraph !== '' && chars <= bodyCharsMax;
    });
}

/**
 * Characters that a reader does not see and that change what is seen or break the database: controls, lone surrogates,
 * direction overrides and isolates, invisible separators. Joiners stay: Persian and emoji need them.
 */
function withoutTricks(text: string): string {
  return text
    .replace(/\r\n?|\u2028|\u2029/g, '\n')
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/g, '')
    .replace(/[\u00AD\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/g, '')
    .replace(/\p{Cs}/gu, '')
    .normalize('NFC');
}

function isBlank(line: string): boolean {
  return line.trim() === '';
}
