import type { Context } from '../context.ts';
import { mustMoveEdition } from '../editions/move.ts';
import { readBooks } from './counts.ts';
import type { Counts } from './delivery.ts';
import { finish } from './finish.ts';
import { lockSend } from './queries.ts';
import { ring } from './ring.ts';
import { sweepCancelled } from './sweep-cancelled.ts';

/**
 * Cancels a send. During the hold nothing has left. Later, what is on the wire finishes and is counted, and everything else
 * becomes `cancelled`, also who had not been planned yet. There is no way back.
 *
 * @returns the books as they stand now.
 * @throws Refusal 409 `wrong_state` when it is not starting, sending or paused; 404.
 */
export async function cancelSend(ctx: Context, what: { editionId: number }): Promise<Counts> {
  const { editionId } = what;
  const now = ctx.clock.now();
  const frozen = await ctx.db.transaction().execute(async (tx) => {
    // The edition before its send, as a start, a pause and an end take them: crosswise, two would wait for each other.
    await mustMoveEdition(tx, editionId, ['starting', 'sending', 'paused'], 'cancelled', now);
    // Held, so that a page of the fan-out is planned either before this, and swept, or after it, as cancelled.
    const send = await lockSend(tx, editionId);
    return send?.frozenAt !== undefined && send.fannedOutAt === undefined;
  });
  ctx.log.info({ deed: 'cancel-send', editionId }, 'cancelled');
  if (frozen) await ring(ctx, 'fan-out', [{ editionId, after: 0 }]);
  await sweepCancelled(ctx, editionId);
  await finish(ctx, editionId);
  return (await readBooks(ctx.db, editionId, now)).counts;
}
