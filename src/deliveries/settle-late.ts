import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { Lease, Settlement } from './claim.ts';
import { notBegun } from './delivery.ts';
import { moveBooks, shardOf } from './move-books.ts';

/**
 * Writes answers that came after their worker was taken for dead: its deliveries were made `unknown`, and now we do know.
 * Only the worker that made the claim can do it, and only while the row still stands under that claim. What was never begun
 * becomes `deferred` and due at once, since nobody walks its batch any more. Safe to run twice.
 *
 * @returns the subscribers whose deliveries were settled.
 */
export async function settleLate(
  db: Db,
  { editionId, workerId }: Pick<Lease, 'editionId' | 'workerId'>,
  settlements: readonly Settlement[],
  now: Date,
): Promise<number[]> {
  const known = settlements.filter((one) => one.state !== 'unknown');
  if (known.length === 0) return [];
  const { rows } = await sql<{ subscriber_id: number }>`
    with answers as (
      select * from unnest(${known.map((one) => one.subscriberId)}::bigint[], ${known.map((one) => one.claim)}::int[],
        ${known.map((one) => (one.state === 'queued' ? 'deferred' : one.state))}::text[],
        ${known.map((one) => (one.state === 'queued' ? notBegun : one.class))}::text[], ${known.map((one) => one.smtpCode)}::int[],
        ${known.map((one) => one.status)}::text[], ${known.map((one) => one.textMasked)}::text[],
        ${known.map((one) => one.dueAt ?? now)}::timestamptz[], ${known.map((one) => (one.burnt ? 1 : 0))}::int[])
        as a (subscriber_id, claim, state, class, smtp_code, status, text_masked, due_at, burnt)
    ), gate as (
      select state from editions where id = ${editionId}
    ), settled as (
      update deliveries d set
        state = case when a.state = 'deferred' and g.state = 'cancelled' then 'cancelled' else a.state end,
        due_at = case when a.state = 'deferred' then least(a.due_at, d.deadline_at) else d.due_at end,
        attempts = d.attempts + a.burnt, class = a.class, smtp_code = a.smtp_code, status = a.status,
        text_masked = a.text_masked, settled_at = ${now}
      from answers a, gate g
      where d.edition_id = ${editionId} and d.subscriber_id = a.subscriber_id and d.claim = a.claim
        and d.worker_id = ${workerId} and d.state = 'unknown' and d.class = 'worker-lost'
      returning d.subscriber_id, d.lane, d.state
    ), ${moveBooks(editionId, shardOf(workerId), sql`select lane, 'unknown', state from settled`)}
    select subscriber_id from settled`.execute(db);
  return rows.map((row) => row.subscriber_id);
}
