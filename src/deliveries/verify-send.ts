import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { readBooks } from './counts.ts';
import { type Counts, countedStates } from './delivery.ts';
import { prunedBefore } from './prune.ts';
import { lockSend } from './queries.ts';

export interface Verified {
  /** Whether the books agreed with the rows before this. */
  agreed: boolean;
  /** By how much each count was wrong; only those that were. */
  off: Record<string, number>;
  counts: Counts;
}

/**
 * Recounts a send row by row and compares that with the books. A difference is logged as an error and mended by exactly
 * itself, so deliveries that move meanwhile are not disturbed. Some 0.3 s per million. Safe to run twice.
 *
 * @throws Refusal 404; 409 `pruned` when the rows have had their day and only the counts are kept.
 */
export async function verifySend(ctx: Context, editionId: number): Promise<Verified> {
  const now = ctx.clock.now();
  const off = await ctx.db.transaction().execute(async (tx) => {
    const send = await lockSend(tx, editionId);
    if (!send) throw new Refusal(404, 'no_such_send', 'There is no such send.');
    // By age and not by what is left: half of the rows may be deleted, and the counts are all that stays.
    if (send.finishedAt && send.finishedAt < prunedBefore(now)) {
      throw new Refusal(
        409,
        'pruned',
        'The deliveries of this send are deleted after 400 days; its counts stay.',
      );
    }
    // One statement, one snapshot: rows and books change together, so their difference stands still.
    const { rows } = await sql<Counts>`
      with truth as (
        select count(*) as planned, count(*) filter (where state = 'accepted') as accepted,
          count(*) filter (where state = 'deferred') as deferred, count(*) filter (where state = 'refused') as refused,
          count(*) filter (where state = 'skipped') as skipped, count(*) filter (where state = 'unknown') as unknown,
          count(*) filter (where state = 'cancelled') as cancelled,
          count(*) filter (where state in ('queued', 'sending')) as queued
        from deliveries where edition_id = ${editionId}
      ), books as (
        select sum(planned) as planned, sum(accepted) as accepted, sum(deferred) as deferred, sum(refused) as refused,
          sum(skipped) as skipped, sum(unknown) as unknown, sum(cancelled) as cancelled, sum(queued) as queued
        from send_counts where edition_id = ${editionId}
      )
      select (t.planned - b.planned)::bigint as planned, (t.accepted - b.accepted)::bigint as accepted,
        (t.deferred - b.deferred)::bigint as deferred, (t.refused - b.refused)::bigint as refused,
        (t.skipped - b.skipped)::bigint as skipped, (t.unknown - b.unknown)::bigint as unknown,
        (t.cancelled - b.cancelled)::bigint as cancelled, (t.queued - b.queued)::bigint as queued
      from truth t, books b`.execute(tx);
    const [difference] = rows;
    if (!difference) throw new Error(`edition ${editionId} has no books`);
    const wrong = (['planned', ...countedStates] as const).filter((name) => difference[name] !== 0);
    if (wrong.length > 0) await mend(tx, editionId, difference);
    await tx.updateTable('sends').set({ verified_at: now }).where('edition_id', '=', editionId).execute();
    return Object.fromEntries(wrong.map((name) => [name, difference[name]]));
  });
  const agreed = Object.keys(off).length === 0;
  if (!agreed) ctx.log.error({ deed: 'verify-send', editionId, off }, 'the books were wrong and are mended');
  return { agreed, off, counts: (await readBooks(ctx.db, editionId, now)).counts };
}

async function mend(tx: Db, editionId: number, by: Counts): Promise<void> {
  await sql`
    update send_counts set planned = planned + ${by.planned}, accepted = accepted + ${by.accepted},
      deferred = deferred + ${by.deferred}, refused = refused + ${by.refused}, skipped = skipped + ${by.skipped},
      unknown = unknown + ${by.unknown}, cancelled = cancelled + ${by.cancelled}, queued = queued + ${by.queued}
    where edition_id = ${editionId} and shard = 0`.execute(tx);
}
