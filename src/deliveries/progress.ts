import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { livingWorkers } from '../platform/queue/workers.ts';
import { type LaneBooks, readLaneBooks, sumOfBooks } from './counts.ts';
import { type Counts, isOpen } from './delivery.ts';
import { estimateEnd } from './estimate-end.ts';
import { type Send, selectSend } from './queries.ts';
import { readRelayRates, relayRatePerSecond } from './relay-speed.ts';

export interface Progress {
  send: Send;
  counts: Counts;
  /** How many of the queued are being handed over at this moment. */
  inFlight: number;
  /** Answers per second: over the last ten seconds, and since the start. */
  ratePerSecond: number;
  averagePerSecond: number;
  /** What the relays take of the rest per second, on average; `undefined` = all at once, or nothing is left. Limits of lanes stand with the lanes. */
  limitPerSecond: number | undefined;
  /** Between when and when it will be through at these rates; `undefined` while nobody can say. */
  eta: { low: Date; high: Date } | undefined;
  /** Since the start, and until the end if it has ended. */
  elapsedSeconds: number;
  /** Since when the batch that waits longest is due and in nobody's hands; `undefined`: none waits. */
  oldestQueuedAt: Date | undefined;
  /** The last hour that its readers chose, while it is still to come. */
  lastHourAt: Date | undefined;
  /** Worker processes that live. */
  workers: number;
  /** The books by lane: they add up to `counts`. */
  lanes: LaneBooks[];
}

/** Lanes shown by name; the rest is one row. */
export const lanesNamed = 20;

/**
 * How far a send is, as a whole and lane by lane. The counts always add up to `planned`, which grows until the fan-out is
 * complete. Reads the books, the open batches and what is in hand, and no settled delivery: the cost does
 * not grow with what has gone out.
 *
 * @throws Refusal 404.
 */
export async function progress(ctx: Context, editionId: number, named = lanesNamed): Promise<Progress> {
  const now = ctx.clock.now();
  const send = await selectSend(ctx.db, editionId);
  if (!send) throw new Refusal(404, 'no_such_send', 'This edition has not been sent, nor asked to be.');
  const lanes = await readLaneBooks(ctx.db, editionId, { named, now });
  const { counts, ratePerSecond } = sumOfBooks(lanes);
  const answered = counts.accepted + counts.refused + counts.unknown + counts.deferred;
  const until = send.finishedAt ?? now;
  const elapsedSeconds = send.startedAt ? (until.getTime() - send.startedAt.getTime()) / 1000 : 0;
  const averagePerSecond = elapsedSeconds > 0 ? answered / elapsedSeconds : 0;
  const lastDueAt = counts.deferred > 0 ? await lastDeferredDue(ctx.db, editionId) : undefined;
  const waiting = counts.queued > 0;
  const lastHour = waiting ? await selectLastHour(ctx.db, editionId, now) : undefined;
  const workers = await livingWorkers(ctx.db, now);
  const working = workers.filter((worker) => worker.roles.includes('worker')).length;
  const mails = counts.queued + counts.deferred;
  const limitPerSecond =
    mails > 0 ? relayRatePerSecond(await readRelayRates(ctx), { mails, from: now }) : undefined;
  return {
    send,
    counts,
    inFlight: waiting ? await countInFlight(ctx.db, editionId) : 0,
    ratePerSecond,
    averagePerSecond,
    limitPerSecond,
    eta:
      send.state === 'sending' && working > 0
        ? estimateEnd({ lanes, ratePerSecond, averagePerSecond, limitPerSecond, lastDueAt, lastHour, now })
        : undefined,
    elapsedSeconds,
    oldestQueuedAt: waiting ? await oldestQueued(ctx.db, editionId, now) : undefined,
    lastHourAt: lastHour?.at,
    workers: working,
    lanes,
  };
}

const endStates = ['sent', 'cancelled', 'failed'];

/** Whether nothing more will come of it by itself: it has ended, and so has what an operator retried since. */
export function isThrough({ send, counts }: Pick<Progress, 'send' | 'counts'>): boolean {
  return endStates.includes(send.state) && send.finishedAt !== undefined && !isOpen(counts);
}

async function lastDeferredDue(db: Db, editionId: number): Promise<Date | undefined> {
  const row = await db
    .selectFrom('deliveries')
    .select((eb) => eb.fn.max('due_at').as('at'))
    .where('edition_id', '=', editionId)
    .where('class', 'is not', null)
    .where('state', '=', 'deferred')
    .executeTakeFirst();
  return row?.at ?? undefined;
}

async function selectLastHour(
  db: Db,
  editionId: number,
  now: Date,
): Promise<{ at: Date; mails: number } | undefined> {
  return (
    db
      .selectFrom('delivery_batches')
      .select(['due_at as at', sql<number>`sum(cardinality(subscriber_ids))`.as('mails')])
      .where('edition_id', '=', editionId)
      .where('done_at', 'is', null)
      .where('due_at', '>', now)
      // A batch that somebody had and gave back waits for its lane, not for an hour.
      .where('leased_at', 'is', null)
      .groupBy('due_at')
      .orderBy('due_at', 'desc')
      .limit(1)
      .executeTakeFirst()
  );
}

async function oldestQueued(db: Db, editionId: number, now: Date): Promise<Date | undefined> {
  const row = await db
    .selectFrom('delivery_batches')
    .select((eb) => eb.fn.min('due_at').as('at'))
    .where('edition_id', '=', editionId)
    .where('done_at', 'is', null)
    .where('worker_id', 'is', null)
    .where('due_at', '<=', now)
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
