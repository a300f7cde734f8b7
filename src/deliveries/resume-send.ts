import type { Context } from '../context.ts';
import { mustMoveEdition } from '../editions/move.ts';
import { ringSend } from './ring-send.ts';

/**
 * Lets a paused send go on exactly where it stood; nobody gets a second copy, since what was settled stays settled.
 *
 * @throws Refusal 409 `wrong_state` when it is not paused; 404.
 */
export async function resumeSend(ctx: Context, what: { editionId: number }): Promise<void> {
  const { editionId } = what;
  const now = ctx.clock.now();
  await ctx.db.transaction().execute(async (tx) => {
    await mustMoveEdition(tx, editionId, ['paused'], 'sending', now);
    await tx.updateTable('sends').set({ pause_reason: null }).where('edition_id', '=', editionId).execute();
  });
  ctx.log.info({ deed: 'resume-send', editionId }, 'resumed');
  await ringSend(ctx, editionId);
}
