import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withdrawn } from '../../src/deliveries/answer.ts';
import { endBatch, leaseBatch } from '../../src/deliveries/batches.ts';
import { type Lease, type Settlement, settleAndClaim } from '../../src/deliveries/claim.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { retryFailures } from '../../src/deliveries/retry-failures.ts';
import { settleLate } from '../../src/deliveries/settle-late.ts';
import type { Tables } from '../../src/platform/db/tables.ts';
import { registerWorker } from '../../src/platform/queue/workers.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { seedSend } from '../support/seed.ts';
import { assertClosedBooks, begin, countsOf, deliveryOf } from '../support/sending.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await testContext();
});
afterEach(() => ctx.close());

async function hire(): Promise<number> {
  return registerWorker(ctx.db, { host: 'here', pid: 1, roles: ['worker'] }, ctx.clock.now());
}

async function leased(readers: number): Promise<{ lease: Lease; ids: number[] }> {
  const { editionId, newsletterId } = await seedSend(ctx.db, { readers, at: morning });
  await begin(ctx, editionId, readers);
  const workerId = await hire();
  const leased = await leaseBatch(ctx.db, { editionId, batchNo: 1, workerId }, morning);
  if (!leased) throw new Error('the first batch is not to be had');
  const { lane, subscriberIds } = leased;
  return { lease: { editionId, newsletterId, batchNo: 1, lane, workerId }, ids: subscriberIds };
}

function accepted(claimed: { subscriberId: number; claim: number }): Settlement {
  const { settlement } = withdrawn({
    ...claimed,
    attempts: 0,
    variantId: 1,
    email: 'a@b.example',
    confirmedAt: morning,
  });
  return { ...settlement, state: 'accepted', smtpCode: 250, burnt: true };
}

describe('one window', () => {
  it('settles the last and claims the next in one statement, and the second time nothing', async () => {
    const { lease, ids } = await leased(10);
    const first = await settleAndClaim(ctx.db, lease, [], ids.slice(0, 4), morning);
    expect(first.claimed.map((one) => one.subscriberId).sort()).toEqual(ids.slice(0, 4));
    expect(first).toMatchObject({ leased: true, editionState: 'sending' });
    expect(await countsOf(ctx, lease.editionId)).toMatchObject({ queued: 10, accepted: 0 });
    const answers = first.claimed.map(accepted);
    const second = await settleAndClaim(ctx.db, lease, answers, ids.slice(4, 8), morning);
    expect([...second.settled].sort()).toEqual(ids.slice(0, 4));
    expect(second.claimed).toHaveLength(4);
    const again = await settleAndClaim(ctx.db, lease, answers, ids.slice(0, 8), morning);
    expect(again.settled.size).toBe(0);
    expect(again.claimed).toEqual([]);
    expect(await assertClosedBooks(ctx, lease.editionId)).toMatchObject({ accepted: 4, queued: 6 });
  });

  it('gives each delivery to one of two workers that both believe they hold the batch', async () => {
    const { lease, ids } = await leased(200);
    const windows = await Promise.all(
      Array.from({ length: 8 }, () => settleAndClaim(ctx.db, lease, [], ids, morning)),
    );
    const claimed = windows.flatMap((one) => one.claimed.map(({ subscriberId }) => subscriberId));
    expect(claimed).toHaveLength(200);
    expect(new Set(claimed).size).toBe(200);
  });

  it('claims nothing without the lease, before its time, or while the edition is not sending', async () => {
    const { lease, ids } = await leased(5);
    const stranger = { ...lease, workerId: await hire() };
    expect(await settleAndClaim(ctx.db, stranger, [], ids, morning)).toMatchObject({
      leased: false,
      claimed: [],
    });
    const early = new Date(morning.getTime() - 60_000);
    expect((await settleAndClaim(ctx.db, lease, [], ids, early)).claimed).toEqual([]);
    await ctx.db.updateTable('editions').set({ state: 'paused' }).execute();
    expect(await settleAndClaim(ctx.db, lease, [], ids, morning)).toMatchObject({
      editionState: 'paused',
      claimed: [],
    });
  });

  it('does not let an old answer settle a delivery that is being sent anew', async () => {
    const { lease, ids } = await leased(3);
    const [id = 0] = ids;
    const [claimed] = (await settleAndClaim(ctx.db, lease, [], [id], morning)).claimed;
    if (!claimed) throw new Error('nothing was claimed');
    await ctx.db
      .updateTable('workers')
      .set({ stopped_at: morning })
      .where('id', '=', lease.workerId)
      .execute();
    await rescueDeliveries(ctx);
    expect(await deliveryOf(ctx, lease.editionId, id)).toMatchObject({
      state: 'unknown',
      class: 'worker-lost',
    });
    await retryFailures(ctx, { editionId: lease.editionId, what: { class: 'worker-lost' }, by: 'test' });
    const other = { ...lease, batchNo: 2, workerId: await hire() };
    await leaseBatch(ctx.db, other, morning);
    const [anew] = (await settleAndClaim(ctx.db, other, [], [id], morning)).claimed;
    expect(anew?.claim).toBe(2);
    // The dead worker lives after all, and brings the answer to the first claim.
    const late = accepted(claimed);
    expect((await settleAndClaim(ctx.db, lease, [late], [], morning)).settled.size).toBe(0);
    expect(await settleLate(ctx.db, lease, [late], morning)).toEqual([]);
    expect(await settleLate(ctx.db, other, [late], morning)).toEqual([]);
    expect((await settleAndClaim(ctx.db, other, [late], [], morning)).settled.size).toBe(0);
    expect(await deliveryOf(ctx, lease.editionId, id)).toMatchObject({ state: 'sending', claim: 2 });
    await assertClosedBooks(ctx, lease.editionId);
  });

  it('finds its rows by primary key, however many there are', async () => {
    const { lease, ids } = await leased(20_000);
    const queries: CompiledQuery[] = [];
    const listened = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: ctx.database.pool }),
      log: ({ query }) => void queries.push(query),
    });
    const answer = accepted({ subscriberId: ids[0] ?? 0, claim: 1 });
    await settleAndClaim(listened, lease, [answer], ids.slice(0, 10), morning);
    const [query] = queries;
    if (!query) throw new Error('no statement was run');
    const { rows } = await ctx.db.executeQuery<{ 'QUERY PLAN': string }>(
      CompiledQuery.raw(`explain ${query.sql}`, [...query.parameters]),
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('Index Scan using deliveries_pkey');
    expect(plan).toContain('Index Scan using delivery_batches_pkey');
    for (const table of ['deliveries', 'subscribers', 'subscriptions']) {
      expect(plan).not.toContain(`Seq Scan on ${table}`);
    }
  });
});

describe('a lease', () => {
  it('is had by one worker, for a batch that is due and not done', async () => {
    const { lease, ids } = await leased(3);
    const { editionId, batchNo } = lease;
    const other = await hire();
    const take = async (workerId: number, at = morning) =>
      (await leaseBatch(ctx.db, { editionId, batchNo, workerId }, at))?.subscriberIds;
    expect(await take(other)).toBeUndefined();
    expect(await take(lease.workerId)).toEqual(ids);
    expect(await endBatch(ctx.db, { ...lease, workerId: other }, morning, morning)).toBe('lost');
    const later = new Date(morning.getTime() + 10_000);
    expect(await endBatch(ctx.db, lease, morning, later)).toBe('freed');
    expect(await take(other, new Date(morning.getTime() + 5_000))).toBeUndefined();
    expect(await take(other, later)).toEqual(ids);
    const { claimed } = await settleAndClaim(ctx.db, { ...lease, workerId: other }, [], ids, later);
    await settleAndClaim(ctx.db, { ...lease, workerId: other }, claimed.map(accepted), [], later);
    expect(await endBatch(ctx.db, { ...lease, workerId: other }, later, later)).toBe('done');
    expect(await take(lease.workerId, later)).toBeUndefined();
    expect(await endBatch(ctx.db, { ...lease, workerId: other }, later, later)).toBe('lost');
  });
});
