import type { Context } from '../context.ts';
import { mustMoveEdition } from '../editions/move.ts';

/**
 * Pauses a send: no worker begins another delivery more than five seconds from now, those under way finish, and everything
 * else waits as it is.
 *
 * @throws Refusal 409 `wrong_state` when it is not sending; 404.
 */
export async function pauseSend(
  ctx: Context,
  what: { editionId: number; by: string; reason?: string | undefined },
): Promise<void> {
  const now = ctx.clock.now();
  await ctx.db.transaction().execute(async (tx) => {
    await mustMoveEdition(tx, what.editionId, ['sending'], 'paused', now);
    await tx
      .updateTable('sends')
      .set({ pause_reason: what.reason ?? `paused by ${what.by}` })
      .where('edition_id', '=', what.editionId)
      .execute();
  });
  ctx.log.info({ deed: 'pause-send', editionId: what.editionId }, 'paused');
}
