import { Refusal } from '../lib/errors.ts';
import type { IncomingArticle } from './article.ts';
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
