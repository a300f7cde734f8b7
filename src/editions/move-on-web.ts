import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Edition } from './edition.ts';
import { setArchiveState } from './page-queries.ts';
import { refreshShowcase } from './publish.ts';

/** Moves an edition on or off the web, and what the sign-up page shows with it. */
export async function moveOnWeb(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; by: string; to: 'public' | 'unpublished' },
): Promise<Edition> {
  const { edition, newsletter, by, to } = at;
  const after = await ctx.db.transaction().execute(async (db) => {
    const moved = await setArchiveState(db, edition.id, to, ctx.clock.now());
    if (moved) await refreshShowcase(db, newsletter, ctx.config.baseUrl);
    return moved;
  });
  if (!after) {
    throw new Refusal(
      409,
      'never_published',
      'The edition has never been on the web: its pages appear when its sending starts.',
    );
  }
  ctx.log.info({ deed: to === 'public' ? 'republish' : 'unpublish', editionId: edition.id, by }, to);
  return after;
}
