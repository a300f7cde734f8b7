import { afterEach, describe, expect, it } from 'vitest';
import { deliver } from '../../src/deliveries/deliver.ts';
import { openBulk } from '../../src/platform/mail/bulk.ts';
import { parseRelayUrls } from '../../src/platform/mail/relay.ts';
import { paceRelays } from '../../src/platform/rate/pace-relays.ts';
import { morning, type TestContext, testContext, testLedger } from '../support/context.ts';
import { seedSend } from '../support/seed.ts';
import { anotherWorker, assertClosedBooks, asWorker, begin, deliverFree } from '../support/sending.ts';
import { openSink, type Sink } from '../support/sink.ts';
import { until } from '../support/until.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function sink(): Promise<Sink> {
  const opened = await openSink();
  closers.push(() => opened.close());
  return opened;
}

async function worker(smtpUrl: string, env: Record<string, string> = {}) {
  const ctx = await asWorker(await testContext({ smtpUrl, env: { SMTP_CONNECTIONS: '4', ...env } }));
  closers.push(() => ctx.close());
  return ctx;
}

async function planned(ctx: TestContext, readers: number): Promise<number> {
  const { editionId } = await seedSend(ctx.db, { readers, at: morning, deadlineHours: 96 });
  await begin(ctx, editionId, readers);
  return editionId;
}

/** Nothing is half-begun, and nobody's tries are used up. */
async function expectAtRest(ctx: TestContext, editionId: number): Promise<void> {
  const touched = await ctx.db
    .selectFrom('deliveries')
    .select(['state', 'attempts', 'claim'])
    .where('edition_id', '=', editionId)
    .where('state', '<>', 'accepted')
    .distinct()
    .execute();
  expect(touched).toEqual([{ state: 'queued', attempts: 0, claim: 0 }]);
}

const day = 24 * 3_600_000;

describe('a rate per second', () => {
  it('is kept by two workers together', async () => {
    const perSecond = 100;
    const readers = 600;
    const { url, atMs } = await sink();
    const ctx = await worker(url);
    const other = await anotherWorker(ctx, url);
    closers.push(() => other.close());
    const editionId = await planned(ctx, readers);
    // The books stand still at one instant; the rate runs with the machine's clock.
    for (const each of [ctx, other]) {
      const relays = parseRelayUrls(`${url}&rate=${perSecond}/s`);
      const pace = paceRelays({ ...testLedger(ctx), now: () => new Date() });
      const editions = openBulk(relays, { ehloName: 'news.example.org', connections: 4, pace });
      closers.push(() => editions.close());
      each.mail = { ...each.mail, editions };
    }
    const begunMs = performance.now();
    await Promise.all([deliver(ctx, { editionId, batchNo: 1 }), deliver(other, { editionId, batchNo: 2 })]);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: readers, accepted: readers });
    const seconds = (Math.max(...atMs) - begunMs) / 1_000;
    expect(readers / seconds).toBeLessThanOrEqual(1.05 * perSecond);
    // Loose: the machine may be busy with something else.
    expect(readers / seconds).toBeGreaterThanOrEqual(0.4 * perSecond);
    // In any two seconds: what the rate allows, its quarter of a second, and what each worker may hold for a moment.
    for (const fromMs of atMs) {
      const inside = atMs.filter((at) => at >= fromMs && at < fromMs + 2_000).length;
      expect(inside).toBeLessThanOrEqual(perSecond * (2 + 0.25 + 2 * 0.5));
    }
  });

  it('is waited for in peace by two batches of one worker', async () => {
    const readers = 600;
    const { url } = await sink();
    const ctx = await worker(url);
    const editionId = await planned(ctx, readers);
    const pace = paceRelays({ ...testLedger(ctx), now: () => new Date() });
    const relays = parseRelayUrls(`${url}&rate=200/s`);
    const editions = openBulk(relays, { ehloName: 'news.example.org', connections: 4, pace });
    closers.push(() => editions.close());
    let asked = 0;
    const reserve = editions.reserve.bind(editions);
    editions.reserve = (wanted) => {
      asked += 1;
      return reserve(wanted);
    };
    ctx.mail = { ...ctx.mail, editions };
    await Promise.all([1, 2].map((batchNo) => deliver(ctx, { editionId, batchNo })));
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: readers });
    // Each turn of a batch asks once, some 300 in all; two that wake each other ask ten thousands of times.
    expect(asked).toBeLessThan(readers);
  });
});

describe('a rate per minute or day', () => {
  it('lets its number go, then frees the batch until there is more', async () => {
    const { url, recipients } = await sink();
    const ctx = await worker(`${url}&rate=30/m`);
    const editionId = await planned(ctx, 50);
    expect(await deliver(ctx, { editionId, batchNo: 1 })).toMatchObject({
      kind: 'freed',
      tally: { accepted: 30, queued: 0 },
    });
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 30, queued: 20, deferred: 0 });
    await expectAtRest(ctx, editionId);
    const batch = await ctx.db
      .selectFrom('delivery_batches')
      .select(['due_at', 'worker_id'])
      .executeTakeFirstOrThrow();
    expect(batch).toEqual({ due_at: new Date(morning.getTime() + 60_000), worker_id: null });
    // A bell that is rung too early changes nothing.
    expect(await deliver(ctx, { editionId, batchNo: 1 })).toEqual({ kind: 'lane_closed' });
    ctx.clock.advance(61_000);
    expect(await deliver(ctx, { editionId, batchNo: 1 })).toMatchObject({ kind: 'done' });
    expect(new Set(recipients).size).toBe(50);
    expect(recipients).toHaveLength(50);
  });

  it('may be as low as two a day', async () => {
    const { url, recipients } = await sink();
    const ctx = await worker(`${url}&rate=2/d`);
    const editionId = await planned(ctx, 5);
    for (const accepted of [2, 4, 5]) {
      await deliverFree(ctx, editionId);
      expect(recipients).toHaveLength(accepted);
      if (accepted < 5) await expectAtRest(ctx, editionId);
      ctx.clock.advance(day + 15 * 60_000);
    }
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 5, accepted: 5 });
  });

  it('is shared by the editions of one relay and all workers', async () => {
    const { url, recipients } = await sink();
    const ctx = await worker(`${url}&rate=7/d`);
    const other = await anotherWorker(ctx, `${url}&rate=7/d`);
    closers.push(() => other.close());
    const editionId = await planned(ctx, 501);
    await Promise.all([deliver(ctx, { editionId, batchNo: 1 }), deliver(other, { editionId, batchNo: 2 })]);
    expect(recipients).toHaveLength(7);
  });

  it('can be set over all relays', async () => {
    const [one, two] = [await sink(), await sink()];
    const ctx = await worker(`${one.url},${two.url}&rate=2/d`, { SMTP_RATE: '1000/s,9/d' });
    const editionId = await planned(ctx, 30);
    await deliver(ctx, { editionId, batchNo: 1 });
    expect(one.recipients.length + two.recipients.length).toBe(9);
    expect(two.recipients.length).toBeLessThanOrEqual(2);
    await expectAtRest(ctx, editionId);
  });
});

describe('a relay that is warmed up', () => {
  it('takes more each day', async () => {
    const { url, recipients } = await sink();
    const ctx = await worker(`${url}&warm-up=2026-07-14:3`);
    const editionId = await planned(ctx, 40);
    await deliverFree(ctx, editionId);
    expect(recipients).toHaveLength(3);
    ctx.clock.set(new Date('2026-07-15T00:00:00Z'));
    await deliverFree(ctx, editionId);
    // Six a day, of which three went less than a day ago.
    expect(recipients).toHaveLength(6);
    ctx.clock.set(new Date('2026-07-16T00:15:00Z'));
    await deliverFree(ctx, editionId);
    expect(recipients).toHaveLength(18);
    await expectAtRest(ctx, editionId);
  });
});

describe('letters', () => {
  it('go out while the edition waits for its rate, and are counted in it', async () => {
    const { url, recipients } = await sink();
    const ctx = await worker(`${url}&rate=5/d`);
    const editionId = await planned(ctx, 9);
    const letter = (to: string) =>
      ctx.mail.letters.deliver({ from: 'hello@example.org', to }, () => 'Subject: hello\r\n\r\nhello\r\n');
    for (const name of ['ayu', 'budi', 'citra']) {
      expect(await letter(`${name}@readers.example`)).toMatchObject({ reply: { code: 250 } });
    }
    const begun = async () =>
      (await ctx.db.selectFrom('rates').select('drawn').execute()).map(({ drawn }) => drawn);
    await until(async () => JSON.stringify(await begun()).includes(',3]'));
    await deliver(ctx, { editionId, batchNo: 1 });
    expect(recipients).toHaveLength(5);
    expect(await letter('dewi@readers.example')).toMatchObject({ reply: { code: 250 } });
    await expectAtRest(ctx, editionId);
  });
});

describe('two relays', () => {
  it('share an edition; when one dies the other takes it all, and the books close', async () => {
    const [one, two] = [await sink(), await openSink()];
    const ctx = await worker(`${one.url},${two.url}`);
    const editionId = await planned(ctx, 400);
    const delivered = deliver(ctx, { editionId, batchNo: 1 });
    await until(() => one.recipients.length > 20 && two.recipients.length > 20);
    await two.close();
    expect(await delivered).toMatchObject({ kind: 'done' });
    const { accepted, unknown, deferred } = await assertClosedBooks(ctx, editionId);
    expect(accepted + unknown + deferred).toBe(400);
    // On the wire of the one that died: at most two deliveries for each of its connections.
    expect(unknown + deferred).toBeLessThanOrEqual(4);
    const arrived = [...one.recipients, ...two.recipients];
    expect(new Set(arrived).size).toBe(arrived.length);
    expect(one.recipients.length).toBeGreaterThan(100);
  });
});
