import type { Context } from '../context.ts';
import { moveEdition, mustMoveEdition } from '../editions/move.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { selectSend } from './queries.ts';

/**
 * Pauses a send: no worker begins another delivery more than five seconds from now, those under way finish, and everything
 * else waits as it is.
 *
 * @throws Refusal 409 `wrong_state` when it is not sending: during its hold it is cancelled instead; 404.
 */
export async function pauseSend(
  ctx: Context,
  what: { editionId: number; by: string; reason?: string | undefined },
): Promise<void> {
  const { editionId, by, reason = `paused by ${by}` } = what;
  await ctx.db.transaction().execute(async (tx) => {
    await needBegun(tx, editionId);
    await mustMoveEdition(tx, editionId, ['sending'], 'paused', ctx.clock.now());
    await writeReason(tx, editionId, reason);
  });
  ctx.log.info({ deed: 'pause-send', editionId }, 'paused');
}

/** Pauses a send without a person's order, if it is sending; loudly, since it now waits for one. Safe to run twice. */
export async function pauseByItself(ctx: Context, editionId: number, reason: string): Promise<boolean> {
  const paused = await ctx.db.transaction().execute(async (tx) => {
    if (!(await moveEdition(tx, editionId, ['sending'], 'paused', ctx.clock.now()))) return false;
    await writeReason(tx, editionId, reason);
    return true;
  });
  if (paused)
    ctx.log.error({ deed: 'pause-send', editionId, reason }, 'paused by itself, waits for a person');
  return paused;
}

/** Whoever wants to stop a send in its hold is told what does. */
async function needBegun(db: Db, editionId: number): Promise<void> {
  const send = await selectSend(db, editionId);
  if (send?.state !== 'starting') return;
  const words =
    'The send has not begun, and nothing leaves before its hold is over: cancel it, or pause it once it is sending.';
  throw new Refusal(409, 'wrong_state', words);
}

async function writeReason(db: Db, editionId: number, reason: string): Promise<void> {
  await db
    .updateTable('sends')
    .set({ pause_reason: reason, allowance: null })
    .where('edition_id', '=', editionId)
    .execute();
}
