import type { Context } from '../context.ts';
import type { Article, ArticleFields, FieldName } from './article.ts';
import { noSuchArticle } from './edit.ts';
import { wordsOf } from './fields.ts';
import { lockArticle, toArticle, toColumns, updateArticle } from './queries.ts';

/**
 * Gives fields back to the source: they say what the source last said, and follow it again. A field that no editor changed
 * stays as it is. Safe to run twice.
 *
 * @throws Refusal 404 `no_such_article`.
 */
export async function revertArticle(
  ctx: Context,
  articleId: number,
  fields: readonly FieldName[],
): Promise<Article> {
  return ctx.db.transaction().execute(async (db) => {
    const row = await lockArticle(db, articleId);
    if (!row) throw noSuchArticle(articleId);
    const reverted = fields.filter((name) => row.edited_fields.includes(name));
    if (reverted.length === 0) return toArticle(row);
    const said = sourceSaid(row.source_fields, reverted, toArticle(row));
    const updated = await updateArticle(db, articleId, {
      ...toColumns(said),
      edited_fields: row.edited_fields.filter((name) => !reverted.some((one) => one === name)),
      words: wordsOf({ ...toArticle(row), ...said }),
      updated_at: ctx.clock.now(),
    });
    ctx.log.info({ deed: 'revert', articleId, fields: reverted }, 'article reverted');
    return toArticle(updated);
  });
}

const instants: readonly FieldName[] = ['publishedAt', 'embargoUntil', 'expiresAt'];

/** What the source never said goes back to what it is without being said. */
function sourceSaid(
  kept: Record<string, unknown>,
  fields: readonly FieldName[],
  article: Article,
): Partial<ArticleFields> {
  const unsaid: Partial<Record<FieldName, unknown>> = {
    title: article.title,
    lang: article.lang,
    tags: [],
    priority: 0,
    never: false,
  };
  return Object.fromEntries(
    fields.map((name) => {
      const value = kept[name] ?? unsaid[name];
      return [name, instants.includes(name) && typeof value === 'string' ? new Date(value) : value];
    }),
  );
}
