import type { Context } from '../../src/context.ts';
import { freeBatches } from '../../src/deliveries/batches.ts';
import { readBooks } from '../../src/deliveries/counts.ts';
import { deliver } from '../../src/deliveries/deliver.ts';
import { type Counts, countedStates } from '../../src/deliveries/delivery.ts';
import { fanOut } from '../../src/deliveries/fan-out.ts';
import { requestSend } from '../../src/deliveries/request-send.ts';
import { startSend } from '../../src/deliveries/start-send.ts';
import type { Db } from '../../src/platform/db/database.ts';
import { openBulk } from '../../src/platform/mail/bulk.ts';
import { parseRelayUrl } from '../../src/platform/mail/relay.ts';
import { registerWorker } from '../../src/platform/queue/workers.ts';

/** Puts the context's process into the ledger of workers. */
export async function asWorker<T extends Context>(ctx: T): Promise<T & { workerId: number }> {
  const workerId = await registerWorker(ctx.db, { host: 'here', pid: 1, roles: ['worker'] }, ctx.clock.now());
  return Object.assign(ctx, { workerId });
}

/** A second process on the same database: its own row in the ledger of workers, its own connections. */
export async function anotherWorker(
  ctx: Context,
  smtpUrl: string,
  connections = 4,
): Promise<Context & { workerId: number; close(): Promise<void> }> {
  const editions = openBulk([parseRelayUrl(smtpUrl)], { ehloName: 'news.example.org', connections });
  const other: Context = { ...ctx, mail: { ...ctx.mail, editions } };
  return Object.assign(await asWorker(other), { close: () => editions.close() });
}

const operator = { name: 'test', mode: 'live' as const };

/** Asks for the send without a hold and plans everyone; nothing is delivered yet. */
export async function begin(ctx: Context, editionId: number, expectRecipients: number): Promise<void> {
  await requestSend(ctx, { editionId, expectRecipients, holdSeconds: 0, by: operator });
  await startSend(ctx, { editionId });
  await fanOut(ctx, { editionId, after: 0 });
}

/** Delivers the batches that are free and due and whose lane is open, one after the other, as often as there are any. */
export async function deliverFree(ctx: Context, editionId: number): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const batches = await freeBatches(ctx.db, { editionId, now: ctx.clock.now(), limit: 1_000 });
    if (batches.length === 0) return;
    for (const batch of batches) await deliver(ctx, batch);
  }
  throw new Error('there is no end to the batches');
}

export async function countsOf(ctx: Context, editionId: number): Promise<Counts> {
  return (await readBooks(ctx.db, editionId, ctx.clock.now())).counts;
}

/** The books that the rows themselves tell, slowly and surely. */
export async function rowCounts(db: Db, editionId: number): Promise<Counts> {
  const rows = await db
    .selectFrom('deliveries')
    .select('state')
    .where('edition_id', '=', editionId)
    .execute();
  const counts: Counts = {
    planned: rows.length,
    accepted: 0,
    deferred: 0,
    refused: 0,
    skipped: 0,
    unknown: 0,
    cancelled: 0,
    queued: 0,
  };
  for (const { state } of rows) counts[state === 'sending' ? 'queued' : state] += 1;
  return counts;
}

/** Throws unless the published counts add up and are what the rows say, at one and the same moment. */
export async function assertClosedBooks(ctx: Context, editionId: number): Promise<Counts> {
  const moment = ctx.db.transaction().setIsolationLevel('repeatable read');
  const { counts, rows } = await moment.execute(async (tx) => ({
    counts: (await readBooks(tx, editionId, ctx.clock.now())).counts,
    rows: await rowCounts(tx, editionId),
  }));
  const sum = countedStates.reduce((total, state) => total + counts[state], 0);
  if (sum !== counts.planned) throw new Error(`the books do not add up: ${JSON.stringify(counts)}`);
  if (JSON.stringify(counts) !== JSON.stringify(rows)) {
    throw new Error(`books and rows differ: ${JSON.stringify(counts)} against ${JSON.stringify(rows)}`);
  }
  return counts;
}

export async function stateOf(ctx: Context, editionId: number): Promise<string> {
  const row = await ctx.db
    .selectFrom('editions')
    .select('state')
    .where('id', '=', editionId)
    .executeTakeFirstOrThrow();
  return row.state;
}

export async function deliveryOf(ctx: Context, editionId: number, subscriberId: number) {
  return ctx.db
    .selectFrom('deliveries')
    .selectAll()
    .where('edition_id', '=', editionId)
    .where('subscriber_id', '=', subscriberId)
    .executeTakeFirstOrThrow();
}
