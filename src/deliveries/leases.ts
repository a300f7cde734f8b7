import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { aliveSince } from '../platform/queue/workers.ts';
import { moveBooks, sharedShard } from './move-books.ts';

/** Leases that were taken back: batches now free, and the lanes of deliveries whose outcome nobody knows, one for each. */
export interface Freed {
  batches: number;
  unknown: string[];
}

/** A lease so young cannot have been forgotten: its job may be about to begin. */
const forgottenAfterMs = 60_000;

/**
 * Takes back the leases of workers that died or ended: their `sending` deliveries become `unknown`, since they may have
 * arrived, and everything else in their batches is free for others. Safe to run twice and at once.
 */
export async function freeDeadLeases(db: Db, now: Date): Promise<Freed> {
  const dead = sql`w.heartbeat_at < ${aliveSince(now)} or w.stopped_at is not null`;
  return freeLeases(db, sql`(${dead})`, now);
}

/** Takes back leases of this process that none of its jobs knows of: a job that broke off has left them. */
export async function freeForgottenLeases(
  db: Db,
  own: { workerId: number; batches: ReadonlySet<string> },
  now: Date,
): Promise<Freed> {
  const forgottenBefore = new Date(now.getTime() - forgottenAfterMs);
  const which = sql`w.id = ${own.workerId} and b.leased_at < ${forgottenBefore}
    and b.edition_id || '-' || b.no <> all(${[...own.batches]}::text[])`;
  return freeLeases(db, which, now);
}

/**
 * Two statements in one transaction, in this order: the first takes the batches' rows, which a worker's window holds while
 * it claims; so the second sees every delivery that worker has made `sending`.
 */
async function freeLeases(db: Db, which: ReturnType<typeof sql>, now: Date): Promise<Freed> {
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ edition_id: number; subscriber_ids: number[]; worker_id: number }>`
      update delivery_batches b set worker_id = null
      from workers w where b.done_at is null and b.worker_id = w.id and ${which}
      returning b.edition_id, b.subscriber_ids, w.id as worker_id`.execute(tx);
    const unknown: string[] = [];
    for (const { edition_id, subscriber_ids, worker_id } of rows) {
      const which = sql`d.subscriber_id = any(${subscriber_ids}::bigint[]) and d.worker_id = ${worker_id}`;
      unknown.push(...(await loseSending(tx, edition_id, which, now)));
    }
    return { batches: rows.length, unknown };
  });
}

/**
 * Makes `sending` deliveries of an edition `unknown`: whoever had them in hand is gone.
 *
 * @returns the lane of each.
 */
export async function loseSending(
  db: Db,
  editionId: number,
  which: ReturnType<typeof sql>,
  now: Date,
): Promise<string[]> {
  const { rows } = await sql<{ lanes: string[] | null }>`
    with lost as (
      update deliveries d set state = 'unknown', class = 'worker-lost', settled_at = ${now},
        text_masked = 'the worker ended while this delivery was being handed over'
      where d.edition_id = ${editionId} and d.state = 'sending' and ${which}
      returning d.lane
    ), ${moveBooks(editionId, sharedShard, sql`select lane, 'sending', 'unknown' from lost`)}
    select array_agg(lane) as lanes from lost`.execute(db);
  return rows[0]?.lanes ?? [];
}
