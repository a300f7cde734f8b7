import type { Context } from '../context.ts';
import type { Article } from './article.ts';
import { noSuchArticle } from './edit.ts';
import { lockArticle, toArticle, updateArticle } from './queries.ts';

/**
 * Takes an article out of every edition that has not begun to go out, or puts it back. The row and what its source says of
 * it stay, so the next poll does not bring it back by itself. Safe to run twice.
 *
 * @throws Refusal 404 `no_such_article`.
 */
export async function withdrawArticle(ctx: Context, articleId: number, withdrawn = true): Promise<Article> {
  return ctx.db.transaction().execute(async (db) => {
    const row = await lockArticle(db, articleId);
    if (!row) throw noSuchArticle(articleId);
    if ((row.withdrawn_at !== null) === withdrawn) return toArticle(row);
    const now = ctx.clock.now();
    const updated = await updateArticle(db, articleId, {
      withdrawn_at: withdrawn ? now : null,
      updated_at: now,
    });
    ctx.log.info(
      { deed: 'withdraw', articleId, withdrawn },
      withdrawn ? 'article withdrawn' : 'article restored',
    );
    return toArticle(updated);
  });
}
