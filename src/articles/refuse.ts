import { Refusal } from '../lib/errors.ts';
import type { IncomingArticle } from './article.ts';
import { readInstant } from './read-instant.ts';
import type { Tidied } from './tidy.ts';

/**
 * For articles that a person or a program hands in: what could not be understood is the caller's to correct, and nothing is
 * stored until it is.
 *
 * @throws Refusal 422 with the first remark's code, sentence and field.
 */
export function understoodOrRefused(tidied: Tidied): IncomingArticle {
  const [remark] = tidied.remarks;
  if (remark) {
    const hint = remark.code === 'lang_missing' ? ': name it, such as en or id' : '';
    throw new Refusal(422, remark.code, `${remark.message}${hint}`, remark.field);
  }
  if (tidied.kind === 'article') return tidied.article;
  throw new Error('an article is unusable and nothing was remarked');
}

/**
 * Reads an instant that an operator wrote; one that decides when readers see something needs its time zone.
 *
 * @throws Refusal 422 `invalid_date`.
 */
export function instantOrRefused(field: string, text: string, zoneNeeded: boolean): Date {
  const read = readInstant(text);
  if (read && (read.zoned || !zoneNeeded)) return read.at;
  const message = read
    ? `date needs a time and a zone, such as 2026-07-14T07:00+07:00: ${text.slice(0, 60)}`
    : `date cannot be read: ${text.slice(0, 60)}`;
  throw new Refusal(422, 'invalid_date', message, field);
}
