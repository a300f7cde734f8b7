import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId } from '../lib/ids.ts';
import type { ArticleImage } from '../platform/db/tables.ts';
import { type Article, type ArticleFields, type FieldName, fieldNames } from './article.ts';
import { paragraphsOfText } from './clean-text.ts';
import {
  languageOf,
  sectionKey,
  tidyAuthors,
  tidyDek,
  tidyImage,
  tidyTags,
  tidyTitle,
  wordsOf,
} from './fields.ts';
import { lockArticle, toArticle, toColumns, updateArticle } from './queries.ts';

/** What an editor writes; `null` empties a field. */
export interface Changes {
  title?: string;
  dek?: string | null;
  /** Plain text, paragraphs separated by an empty line. */
  body?: string | null;
  author?: string | null;
  section?: string | null;
  tags?: string[];
  lang?: string;
  image?: ArticleImage | null;
  publishedAt?: Date | null;
  embargoUntil?: Date | null;
  expiresAt?: Date | null;
  priority?: number;
  never?: boolean;
}

/**
 * Changes an article by hand. The fields named are the editor's from now on: the source no longer changes them, what it
 * says of them is kept, and `revert` brings it back. Safe to run twice.
 *
 * @param expected the revision the editor looked at; another one means somebody was quicker.
 * @throws Refusal 404 `no_such_article`, 409 `revision_changed`, 422 for a value that is none.
 */
export async function editArticle(
  ctx: Context,
  articleId: number,
  changes: Changes,
  expected?: number,
): Promise<Article> {
  const fields = tidyChanges(changes);
  const named = Object.keys(fields) as FieldName[];
  return ctx.db.transaction().execute(async (db) => {
    const row = await lockArticle(db, articleId);
    if (!row) throw noSuchArticle(articleId);
    if (expected !== undefined && expected !== row.revision) {
      const seen = `it is at revision ${row.revision}, not ${expected}`;
      throw new Refusal(409, 'revision_changed', `Somebody changed the article meanwhile: ${seen}.`);
    }
    if (named.length === 0) return toArticle(row);
    const edited = fieldNames.filter((name) => row.edited_fields.includes(name) || named.includes(name));
    const updated = await updateArticle(db, articleId, {
      ...toColumns(fields),
      edited_fields: edited,
      words: wordsOf({ ...toArticle(row), ...fields }),
      updated_at: ctx.clock.now(),
    });
    ctx.log.info({ deed: 'edit', articleId, fields: named }, 'article edited');
    return toArticle(updated);
  });
}

export function noSuchArticle(articleId: number): Refusal {
  return new Refusal(404, 'no_such_article', `There is no article ${publicId('article', articleId)}.`);
}

/** The same cleaning that an article gets when it comes in. */
function tidyChanges(changes: Changes): Partial<ArticleFields> {
  const { title, dek, body, author, section, tags, lang, image, priority } = changes;
  return {
    ...(title !== undefined && { title: needed(tidyTitle(title), 'title', 'a title is needed') }),
    ...(dek !== undefined && { dek: tidyDek(dek ?? '') || undefined }),
    ...(body !== undefined && { body: paragraphsOfText(body ?? '').join('\n\n') || undefined }),
    ...(author !== undefined && { author: tidyAuthors([author ?? '']) }),
    ...(section !== undefined && { section: sectionKey(section ?? '') }),
    ...(tags !== undefined && { tags: tidyTags(tags) }),
    ...(lang !== undefined && { lang: needed(languageOf(lang), 'lang', `not a language: ${lang}`) }),
    ...(image !== undefined && { image: image === null ? undefined : imageOf(image) }),
    ...(priority !== undefined && { priority: priorityOf(priority) }),
    ...(changes.never !== undefined && { never: changes.never }),
    ...(changes.publishedAt !== undefined && { publishedAt: changes.publishedAt ?? undefined }),
    ...(changes.embargoUntil !== undefined && { embargoUntil: changes.embargoUntil ?? undefined }),
    ...(changes.expiresAt !== undefined && { expiresAt: changes.expiresAt ?? undefined }),
  };
}

function needed(value: string | undefined, field: string, message: string): string {
  if (value) return value;
  throw new Refusal(422, 'invalid', message, field);
}

function imageOf(image: ArticleImage): ArticleImage {
  const tidied = tidyImage(image);
  if (tidied) return tidied;
  throw new Refusal(422, 'invalid_url', `not an http or https URL: ${image.url.slice(0, 200)}`, 'image.url');
}

function priorityOf(priority: number): number {
  if (Number.isInteger(priority) && priority >= 0 && priority <= 3) return priority;
  throw new Refusal(422, 'invalid', 'a priority is 0, 1, 2 or 3', 'priority');
}
