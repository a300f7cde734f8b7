import { paragraphsOfText } from './clean-text.ts';
import type { FoundArticle } from './found.ts';
import { asksToSignUp, isBareCount, isCommentCount } from './promotion.ts';

const titleCharsMax = 300;
const bylineCharsMax = 60;

/**
 * Reads a plain text: its first line is the title, a name on the next one the author, the rest its paragraphs. What a page
 * left between them, such as a comment count, is looked past.
 */
export function readText(text: string): FoundArticle {
  const [title = '', ...rest] = paragraphsOfText(text);
  const next = rest.findIndex((line) => line !== title);
  const line = rest[next];
  const author = line !== undefined && next + 1 < rest.length ? bylineOf(line) : undefined;
  const paragraphs = author === undefined ? rest : rest.slice(next + 1);
  return {
    title: title.slice(0, titleCharsMax),
    authors: [author],
    // Lines that stay lines: an empty one between them and none is too long to have been wrapped.
    bodyText: paragraphs.join('\n'),
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
