import type { Context } from '../context.ts';
import { mustMoveEdition } from '../editions/move.ts';
import { Refusal } from '../lib/errors.ts';
import { hurry } from './hurry.ts';
import { readHarm } from './pause-if-harmful.ts';
import { ringSend } from './ring-send.ts';

/**
 * Lets a paused send go on exactly where it stood; nobody gets a second copy, since what was settled stays settled. Bounces and
 * complaints so far are pardoned: they do not pause it again. With `only` it goes on for so many deliveries and then pauses,
 * so that a person can look at what became of them and decide.
 *
 * @throws Refusal 409 `wrong_state` when it is not paused; 404; 422 when it would go on for none.
 */
export async function resumeSend(
  ctx: Context,
  what: { editionId: number; only?: number | undefined },
): Promise<void> {
  const { editionId, only } = what;
  if (only === 0) throw new Refusal(422, 'invalid', 'Say how many more: one at least.', 'only');
  const now = ctx.clock.now();
  const pardoned = JSON.stringify(await readHarm(ctx, editionId));
  await ctx.db.transaction().execute(async (tx) => {
    await mustMoveEdition(tx, editionId, ['paused'], 'sending', now);
    await tx
      .updateTable('sends')
      .set({ pause_reason: null, pardoned, allowance: only ?? null })
      .where('edition_id', '=', editionId)
      .execute();
    await hurry(tx, { editionId, now });
  });
  ctx.log.info({ deed: 'resume-send', editionId, only }, 'resumed');
  await ringSend(ctx, editionId);
}
