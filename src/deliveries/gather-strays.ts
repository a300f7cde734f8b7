import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { aliveSince } from '../platform/queue/workers.ts';
import { batched } from './batches.ts';
import { countLost } from './count-lost.ts';
import { readBooks } from './counts.ts';
import { deliveringStates } from './delivery.ts';
import { handsOf } from './hands.ts';
import { loseSending } from './leases.ts';
import { lockSend } from './queries.ts';
import { ring } from './ring.ts';

/**
 * The last net: when the books say that deliveries are queued and no batch is open, their rows are looked for one by one.
 * Queued ones get new batches; `sending` ones whose worker is gone, or is this process and has no batch in hand, become
 * `unknown`. Reads every row of the send, so it does so only when the books ask for it. Safe to run twice.
 *
 * @returns how many rows it picked up.
 */
export async function gatherStrays(ctx: Context, editionId: number): Promise<number> {
  const now = ctx.clock.now();
  const gathered = await ctx.db.transaction().execute(async (tx) => {
    const send = await lockSend(tx, editionId);
    if (!send || !deliveringStates.some((state) => state === send.state)) return undefined;
    const { counts } = await readBooks(tx, editionId, now);
    if (counts.queued === 0 || (await hasOpenBatch(tx, editionId))) return undefined;
    const own = handsOf(ctx).batches.size === 0 ? (ctx.workerId ?? null) : null;
    const gone = sql`(d.worker_id = ${own} or not exists (select from workers w where w.id = d.worker_id
      and w.stopped_at is null and w.heartbeat_at >= ${aliveSince(now)}))`;
    const lost = await loseSending(tx, editionId, gone, now);
    return { lost, ...(await batchQueued(tx, editionId, now)) };
  });
  if (!gathered || gathered.lost.length + gathered.queued === 0) return 0;
  const { queued, batchNos } = gathered;
  const lost = gathered.lost.length;
  countLost(ctx, gathered.lost);
  ctx.log.error({ deed: 'gather-strays', editionId, lost, queued }, 'deliveries stood in no open batch');
  await ring(
    ctx,
    'deliver',
    batchNos.map((batchNo) => ({ editionId, batchNo })),
  );
  return lost + queued;
}

async function hasOpenBatch(db: Db, editionId: number): Promise<boolean> {
  const row = await db
    .selectFrom('delivery_batches')
    .select('no')
    .where('edition_id', '=', editionId)
    .where('done_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function batchQueued(
  db: Db,
  editionId: number,
  now: Date,
): Promise<{ queued: number; batchNos: number[] }> {
  const { rows } = await sql<{ queued: number; batch_nos: number[] | null }>`
    with strays as (
      select subscriber_id, variant_id, lane, greatest(due_at, ${now}::timestamptz) as due_at
      from deliveries where edition_id = ${editionId} and state = 'queued'
    ), ${batched(editionId, sql`strays`)}
    select (select count(*) from strays) as queued, (select array_agg(no) from batches) as batch_nos`.execute(
    db,
  );
  const [row] = rows;
  return { queued: row?.queued ?? 0, batchNos: row?.batch_nos ?? [] };
}
