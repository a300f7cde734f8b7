import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { EditionState } from '../platform/db/tables.ts';
import { changeable, type Edition } from './edition.ts';
import { findEditionById } from './find.ts';
import { mustMoveEdition } from './move.ts';
import { giveBackStories } from './queries.ts';

const onItsWay: readonly EditionState[] = ['starting', 'sending', 'paused'];

/**
 * Cancels an edition that has not started; its stories go to the next one.
 *
 * @throws Refusal 409 once it is starting or on its way: that is `send cancel`.
 */
export async function cancelEdition(ctx: Context, edition: Edition): Promise<Edition> {
  if (onItsWay.includes(edition.state)) {
    throw new Refusal(
      409,
      'wrong_state',
      `The edition is ${edition.state}: \`dateline send cancel ed_${edition.id}\` stops what has not gone out.`,
    );
  }
  const now = ctx.clock.now();
  await ctx.db.transaction().execute(async (db) => {
    await mustMoveEdition(db, edition.id, changeable, 'cancelled', now);
    await giveBackStories(db, edition.id);
  });
  ctx.log.info({ deed: 'cancel-edition', editionId: edition.id }, 'cancelled');
  const after = await findEditionById(ctx.db, edition.id);
  if (!after) throw new Error(`edition ${edition.id} is gone`);
  return after;
}
