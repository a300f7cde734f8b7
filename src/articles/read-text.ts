import type { FoundArticle } from './found.ts';
import { asksToSignUp, isBareCount, isCommentCount } from './promotion.ts';

const titleCharsMax = 300;
const bylineCharsMax = 60;

/**
 * Reads a plain text: its first line is the title, a name on the next one the author, the rest its paragraphs. What a page
 * left between them, such as a comment count, is looked past.
 */
export function readText(text: string): FoundArticle {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n?|\n/)
    .map((line) => line.trim());
  const title = lines.find((line) => line !== '') ?? '';
  const afterTitle = lines.slice(lines.indexOf(title) + 1);
  const next = afterTitle.findIndex((line) => line !== '' && line !== title);
  const afterNext = afterTitle.slice(next + 1);
  const author = afterNext.some((line) => line !== '') ? bylineOf(afterTitle[next] ?? '') : undefined;
  return {
    title: title.slice(0, titleCharsMax),
    authors: [author],
    bodyText: (author === undefined ? afterTitle : afterNext).join('\n'),
  };
}

/** `By Rina Sari`, `Oleh Rina Sari`, a name of two to five words, or one word such as a user name. */
function bylineOf(line: string): string | undefined {
  if (line.length > bylineCharsMax || isBareCount(line) || isCommentCount(line) || asksToSignUp(line))
    return undefined;
  const named = /^(?:by|oleh)[:\s]+(.+)$/iu.exec(line)?.[1];
  if (named !== undefined) return named;
  const words = line.split(/\s+/);
  if (words.length === 1)
    return /^[\p{L}\p{N}._-]{2,30}$/u.test(line) && /\p{L}/u.test(line) ? line : undefined;
  const capitalised = words.every((word) =>
    /^(?:\p{Lu}[\p{L}.'’-]*|van|von|de|der|da|bin|binti|al-\p{L}+)$/u.test(word),
  );
  return words.length <= 5 && capitalised && !/[.!?:]$/.test(line) ? line : undefined;
}
