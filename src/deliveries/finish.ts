import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { giveBack } from '../editions/give-back.ts';
import { moveEdition } from '../editions/move.ts';
import { readBooks } from './counts.ts';
import { isOpen } from './delivery.ts';
import { anyMergedReaders } from './merged-readers.ts';
import { planMerged } from './plan-merged.ts';
import { selectSend } from './queries.ts';

/**
 * Ends a send when nothing is left to happen by itself: everyone was planned, and nobody is queued or deferred. The edition
 * becomes `sent` (or stays `cancelled`, and gives its stories back if it reached nobody), and `finished_at` is written.
 * Unknown deliveries do not hold it up; readers who stand for a merged one do, and get theirs first. Safe to run at any time, twice and at once.
 *
 * @returns whether this call finished it.
 */
export async function finish(ctx: Context, editionId: number): Promise<boolean> {
  const now = ctx.clock.now();
  const end = await ctx.db.transaction().execute(async (tx): Promise<'open' | 'merged' | 'finished'> => {
    const send = await selectSend(tx, editionId);
    const neverBegan = send?.state === 'cancelled' && send.frozenAt === undefined;
    if (!send || send.finishedAt || (send.fannedOutAt === undefined && !neverBegan)) return 'open';
    // Asked after the fan-out, never before: from then on the open ones only become fewer.
    const { counts } = await readBooks(tx, editionId, now);
    if (isOpen(counts)) return 'open';
    if (send.state === 'sending' && (await anyMergedReaders(tx, send, now))) return 'merged';
    const moved = await moveEdition(tx, editionId, ['sending'], 'sent', now);
    if (!moved && send.state !== 'cancelled') return 'open';
    if (send.state === 'cancelled' && counts.accepted + counts.unknown === 0) await giveBack(tx, editionId);
    const { rows } = await sql<{ edition_id: number }>`
      update sends set finished_at = ${now}
      where edition_id = ${editionId} and finished_at is null returning edition_id`.execute(tx);
    return rows.length > 0 ? 'finished' : 'open';
  });
  if (end === 'merged') await planMerged(ctx, editionId);
  if (end === 'finished') ctx.log.info({ deed: 'finish', editionId }, 'send finished');
  return end === 'finished';
}
