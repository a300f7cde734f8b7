import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { livingWorkers } from '../platform/queue/workers.ts';
import { readBooks } from './counts.ts';
import type { Counts } from './delivery.ts';
import { isOpen } from './delivery.ts';
import { type Send, selectSend } from './queries.ts';

export interface Progress {
  send: Send;
  counts: Counts;
  /** How many of the queued are being handed over at this moment. */
  inFlight: number;
  /** Answers per second: over the last ten seconds, and since the start. */
  ratePerSecond: number;
  averagePerSecond: number;
  /** Between when and when it will be through at these rates; `undefined` while nobody can say. */
  eta: { low: Date; high: Date } | undefined;
  /** Worker processes that live. */
  workers: number;
}

/** How far a send is. The counts always add up to `planned`, which grows until the fan-out is complete. @throws Refusal 404. */
export async function progress(ctx: Context, editionId: number): Promise<Progress> {
  const now = ctx.clock.now();
  const send = await selectSend(ctx.db, editionId);
  if (!send) throw new Refusal(404, 'no_such_send', 'This edition has not been sent, nor asked to be.');
  const { counts, ratePerSecond } = await readBooks(ctx.db, editionId, now);
  const answered = counts.accepted + counts.refused + counts.unknown + counts.deferred;
  const until = send.finishedAt ?? now;
  const elapsedSeconds = send.startedAt ? (until.getTime() - send.startedAt.getTime()) / 1000 : 0;
  const averagePerSecond = elapsedSeconds > 0 ? answered / elapsedSeconds : 0;
  const lastDueAt = counts.deferred > 0 ? await lastDeferredDue(ctx.db, editionId) : undefined;
  const workers = await livingWorkers(ctx.db, now);
  return {
    send,
    counts,
    inFlight: counts.queued > 0 ? await countInFlight(ctx.db, editionId) : 0,
    ratePerSecond,
    averagePerSecond,
    eta: estimate({ send, counts, ratePerSecond, averagePerSecond, lastDueAt, now }),
    workers: workers.filter((worker) => worker.roles.includes('worker')).length,
  };
}

/** A range, since a rate seen so far is no promise: the quicker of the two rates, and three quarters of the slower. */
function estimate(at: {
  send: Send;
  counts: Counts;
  ratePerSecond: number;
  averagePerSecond: number;
  lastDueAt: Date | undefined;
  now: Date;
}): { low: Date; high: Date } | undefined {
  const { send, counts, ratePerSecond, averagePerSecond, lastDueAt, now } = at;
  if (send.state !== 'sending' || !isOpen(counts)) return undefined;
  const rates = [ratePerSecond, averagePerSecond].filter((rate) => rate > 0);
  if (rates.length === 0) return undefined;
  const left = counts.queued + counts.deferred;
  const after = (rate: number) => new Date(now.getTime() + (left / rate) * 1000);
  const low = after(Math.max(...rates));
  const slow = after(Math.min(...rates) * 0.75);
  return { low, high: lastDueAt && lastDueAt > slow ? lastDueAt : slow };
}

async function lastDeferredDue(db: Db, editionId: number): Promise<Date | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .select((eb) => eb.fn.max('due_at').as('at'))
    .where('edition_id', '=', editionId)
    .where('state', '=', 'deferred')
    .executeTakeFirst();
  return row?.at ?? undefined;
}

/** Only leased batches can have deliveries in flight, and there are a few per worker. */
async function countInFlight(db: Db, editionId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from delivery_batches b cross join unnest(b.subscriber_ids) as u (id)
    join deliveries d on d.edition_id = b.edition_id and d.subscriber_id = u.id and d.state = 'sending'
    where b.edition_id = ${editionId} and b.done_at is null and b.worker_id is not null`.execute(db);
  return rows[0]?.n ?? 0;
}
