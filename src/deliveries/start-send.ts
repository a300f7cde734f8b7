import type { Context } from '../context.ts';
import { moveEdition } from '../editions/move.ts';
import { publishEdition } from '../editions/publish.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { openSend } from './open-send.ts';
import { selectSend } from './queries.ts';
import { ring } from './ring.ts';

export type Started =
  | { kind: 'started' }
  /** The hold is still on; a bell rings when it ends. */
  | { kind: 'held'; untilAt: Date }
  /** It has started, or was cancelled, or nobody asked for it. */
  | { kind: 'nothing_to_start' };

/**
 * Lets a send begin when its hold is over: freezes the audience as of this instant, moves the edition from `starting` to
 * `sending` and rings `fan-out`. An edition that its calendar launched has no hold, and its books are opened here. Safe to
 * run twice and at once: one conditional move lets one caller start.
 */
export async function startSend(ctx: Context, { editionId }: Payload<'start-send'>): Promise<Started> {
  const now = ctx.clock.now();
  await openLaunched(ctx, editionId, now);
  const send = await selectSend(ctx.db, editionId);
  if (send?.state !== 'starting') return { kind: 'nothing_to_start' };
  if (send.holdUntil && now < send.holdUntil) {
    const delayMs = send.holdUntil.getTime() - now.getTime();
    await ring(ctx, 'start-send', [{ editionId }], { delayMs });
    return { kind: 'held', untilAt: send.holdUntil };
  }
  const started = await ctx.db.transaction().execute(async (tx) => {
    if (!(await moveEdition(tx, editionId, ['starting'], 'sending', now))) return false;
    await tx
      .updateTable('sends')
      .set({ frozen_at: now, started_at: now })
      .where('edition_id', '=', editionId)
      .execute();
    await publishEdition(tx, editionId, ctx.config.baseUrl);
    return true;
  });
  if (!started) return { kind: 'nothing_to_start' };
  ctx.log.info({ deed: 'start-send', editionId }, 'send started');
  await ring(ctx, 'fan-out', [{ editionId, after: 0 }]);
  return { kind: 'started' };
}

/** `scheduled` means that the slot has come and the guards were passed: what is missing is the send itself. */
async function openLaunched(ctx: Context, editionId: number, now: Date): Promise<void> {
  await ctx.db.transaction().execute(async (tx) => {
    const launched = await tx
      .selectFrom('editions')
      .select('id')
      .where('id', '=', editionId)
      .where('state', '=', 'scheduled')
      .where('slot_at', '<=', now)
      .executeTakeFirst();
    if (!launched || !(await moveEdition(tx, editionId, ['scheduled'], 'starting', now))) return;
    await openSend(tx, {
      editionId,
      holdUntil: now,
      expected: undefined,
      requestedBy: 'calendar',
      requestedAt: now,
    });
  });
}
