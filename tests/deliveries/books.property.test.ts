import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withdrawn } from '../../src/deliveries/answer.ts';
import { endBatch, leaseBatch } from '../../src/deliveries/batches.ts';
import { cancelSend } from '../../src/deliveries/cancel-send.ts';
import { type Claimed, type Lease, type Settlement, settleAndClaim } from '../../src/deliveries/claim.ts';
import { fanOut } from '../../src/deliveries/fan-out.ts';
import { pauseSend } from '../../src/deliveries/pause-send.ts';
import { requestSend } from '../../src/deliveries/request-send.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { resumeSend } from '../../src/deliveries/resume-send.ts';
import { retryFailures } from '../../src/deliveries/retry-failures.ts';
import { settleLate } from '../../src/deliveries/settle-late.ts';
import { startSend } from '../../src/deliveries/start-send.ts';
import { registerWorker } from '../../src/platform/queue/workers.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { assertClosedBooks, stateOf } from '../support/sending.ts';

let ctx: TestContext;
let runs = 0;
beforeAll(async () => {
  ctx = await testContext();
});
afterAll(() => ctx.close());

const readers = 23;
const windowSize = 3;
const minuteMs = 60_000;

/** What a server may do with one message; `vanishes` is the answer that never comes. */
const replies = ['accepts', 'defers', 'refuses', 'vanishes', 'is never begun'] as const;
type Reply = (typeof replies)[number];

/** One worker process as far as the books know it: what it holds is gone when it crashes. */
interface Worker {
  id: number;
  lease: Lease | undefined;
  waiting: number[];
  flying: Claimed[];
  answers: Settlement[];
}

type Act =
  /** Settles what is answered and claims the next window, under a lease taken if there is none. */
  | { kind: 'work' | 'settle' | 'crash' | 'sleep'; worker: 0 | 1 }
  | { kind: 'answer'; worker: 0 | 1; replies: Reply[] }
  | {
      kind:
        | 'rescue'
        | 'resend'
        | 'fan-out'
        | 'pause'
        | 'resume'
        | 'cancel'
        | 'wait'
        | 'resend-once'
        | 'oversleep';
    }
  | { kind: 'unsubscribe'; reader: number };

const worker = fc.constantFrom(0 as const, 1 as const);
const kinds = <K extends string>(...names: K[]) => fc.record({ kind: fc.constantFrom(...names) });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('work' as const), worker }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      worker,
      replies: fc.array(fc.constantFrom(...replies), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const), worker }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('crash' as const, 'sleep' as const), worker }) },
  { weight: 4, arbitrary: kinds('rescue', 'rescue', 'rescue', 'wait', 'resend', 'resend', 'fan-out') },
  { weight: 1, arbitrary: kinds('pause', 'resume', 'resume') },
  { weight: 1, arbitrary: kinds('resend-once', 'resend-once', 'oversleep') },
  {
    weight: 1,
    arbitrary: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('unsubscribe' as const), reader: fc.nat(readers - 1) }),
      },
      { weight: 1, arbitrary: kinds('cancel') },
    ),
  },
);

/** How often the sequences came to what they are there for. */
const reached = {
  workerLost: 0,
  late: 0,
  leaseLost: 0,
  retried: 0,
  resent: 0,
  resentOnce: 0,
  expired: 0,
  skipped: 0,
  cancelled: 0,
};

describe('the books of a send', () => {
  it('close after every step of any sequence of answers, crashes and interventions, and nobody gets two', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 25, maxLength: 70 }), async (acts) => {
        const world = await openWorld();
        for (const one of acts) {
          await world.run(one);
          await assertClosedBooks(ctx, world.editionId);
        }
        await world.finish();
        const counts = await assertClosedBooks(ctx, world.editionId);
        expect(counts.queued + counts.deferred).toBe(0);
        expect(['sent', 'cancelled']).toContain(await stateOf(ctx, world.editionId));
        // Whoever is not in the sink is accounted for by name; whoever is, was accepted or is in doubt.
        const rows = await ctx.db
          .selectFrom('deliveries')
          .select(['subscriber_id', 'state', 'class', 'resends'])
          .where('edition_id', '=', world.editionId)
          .execute();
        for (const { subscriber_id, state, class: reason, resends } of rows) {
          if (reason === 'expired') reached.expired += 1;
          const copies = world.sink.filter((one) => one === subscriber_id).length;
          const arrived = copies > 0;
          expect(
            copies,
            'one copy, and one more for each time that an operator or the newsletter said so',
          ).toBeLessThanOrEqual(1 + resends);
          if (state === 'accepted') expect(arrived).toBe(true);
          else if (arrived && resends === 0) expect(state).toBe('unknown');
        }
        expect(counts.unknown).toBeLessThanOrEqual(world.doubtful);
        expect(world.strays, 'the last net is never needed').toBe(0);
        reached.skipped += counts.skipped;
        reached.cancelled += counts.cancelled;
      }),
      { numRuns: 20, seed: 20_260_714 },
    );
    for (const [what, times] of Object.entries(reached)) expect(times, what).toBeGreaterThan(0);
  }, 240_000);
});

async function openWorld() {
  runs += 1;
  ctx.clock.set(morning);
  const before = new Date(morning.getTime() - minuteMs);
  const newsletterId = await seedNewsletter(ctx.db, { slug: `daily-${runs}`, at: before });
  const people = await seedReaders(ctx.db, { newsletterId, count: readers, at: before, prefix: `r${runs}-` });
  const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
  const by = { name: 'test', mode: 'live' as const };
  await requestSend(ctx, { editionId, expectRecipients: readers, holdSeconds: 0, by });
  await startSend(ctx, { editionId });
  await fanOut(ctx, { editionId, after: 0 });

  const sink: number[] = [];
  let doubtful = 0;
  let strays = 0;
  const hire = async (): Promise<Worker> => ({
    id: await registerWorker(ctx.db, { host: 'here', pid: 1, roles: ['worker'] }, ctx.clock.now()),
    lease: undefined,
    waiting: [],
    flying: [],
    answers: [],
  });
  const workers: [Worker, Worker] = [await hire(), await hire()];

  async function lease(worker: Worker): Promise<void> {
    const now = ctx.clock.now();
    const batches = await ctx.db
      .selectFrom('delivery_batches')
      .select('no')
      .where('edition_id', '=', editionId)
      .where('done_at', 'is', null)
      .orderBy('no')
      .execute();
    for (const { no } of batches) {
      const open = await leaseBatch(ctx.db, { editionId, batchNo: no, workerId: worker.id }, now);
      if (!open) continue;
      worker.lease = { editionId, batchNo: no, lane: open.lane, newsletterId, workerId: worker.id };
      worker.waiting = open.subscriberIds;
      return;
    }
  }

  async function work(worker: Worker): Promise<void> {
    if (!worker.lease) await lease(worker);
    await exchange(worker, windowSize - worker.flying.length);
    const idle = worker.waiting.length + worker.flying.length + worker.answers.length === 0;
    if (!worker.lease || !idle) return;
    await endBatch(ctx.db, worker.lease, ctx.clock.now(), ctx.clock.now());
    worker.lease = undefined;
  }

  async function exchange(worker: Worker, room: number): Promise<void> {
    if (!worker.lease) return;
    const next = worker.waiting.splice(0, Math.max(0, room));
    const settlements = worker.answers.splice(0);
    const now = ctx.clock.now();
    const window = await settleAndClaim(ctx.db, worker.lease, settlements, next, now);
    const left = settlements.filter((one) => !window.settled.has(one.subscriberId));
    reached.late += (await settleLate(ctx.db, worker.lease, left, now)).length;
    worker.flying.push(...window.claimed);
    if (window.leased) return;
    reached.leaseLost += 1;
    if (worker.flying.length === 0) worker.lease = undefined;
    worker.waiting = [];
  }

  function answer(worker: Worker, reply: Reply): void {
    const claimed = worker.flying.shift();
    if (!claimed) return;
    const { settlement } = withdrawn(claimed);
    const dueAt = new Date(ctx.clock.now().getTime() + 5 * minuteMs);
    if (reply === 'accepts') sink.push(claimed.subscriberId);
    if (reply === 'vanishes') {
      // The message arrived or not; nobody will ever know.
      if (claimed.subscriberId % 2 === 0) sink.push(claimed.subscriberId);
      doubtful += 1;
    }
    const states = {
      accepts: { state: 'accepted' },
      defers: { state: 'deferred', class: 'greylist', dueAt, burnt: true },
      refuses: { state: 'refused', class: 'dead' },
      vanishes: { state: 'unknown', class: 'in-doubt' },
      'is never begun': { state: 'queued' },
    } as const;
    worker.answers.push({ ...settlement, ...states[reply] });
  }

  async function crash(index: 0 | 1): Promise<void> {
    const worker = workers[index];
    // What was on the wire may have arrived; its answer dies with the process, as do answers not yet written.
    for (const { subscriberId } of worker.flying) if (subscriberId % 3 === 0) sink.push(subscriberId);
    doubtful += worker.flying.length + worker.answers.length;
    await ctx.db
      .updateTable('workers')
      .set({ heartbeat_at: new Date(ctx.clock.now().getTime() - 2 * minuteMs) })
      .where('id', '=', worker.id)
      .execute();
    workers[index] = await hire();
  }

  async function run(one: Act): Promise<void> {
    switch (one.kind) {
      case 'work':
        return work(workers[one.worker]);
      case 'settle':
        return exchange(workers[one.worker], 0);
      case 'answer':
        for (const reply of one.replies) answer(workers[one.worker], reply);
        return;
      case 'crash':
        return crash(one.worker);
      case 'sleep':
        // Alive, and taken for dead by the next rescue.
        await ctx.db
          .updateTable('workers')
          .set({ heartbeat_at: new Date(ctx.clock.now().getTime() - 2 * minuteMs) })
          .where('id', '=', workers[one.worker].id)
          .execute();
        return;
      case 'rescue':
        return rescue();
      case 'resend':
        return ignoreState(resend());
      case 'fan-out':
        await fanOut(ctx, { editionId, after: 0 });
        return;
      case 'pause':
        return ignoreState(pauseSend(ctx, { editionId, by: 'test' }));
      case 'resume':
        return ignoreState(resumeSend(ctx, { editionId }));
      case 'cancel':
        return ignoreState(cancelSend(ctx, { editionId }));
      case 'wait':
        ctx.clock.advance(6 * minuteMs);
        await beatAll();
        return;
      case 'resend-once':
        await ctx.db
          .updateTable('newsletters')
          .set({ unknown_policy: 'resend-once' })
          .where('id', '=', newsletterId)
          .execute();
        return;
      case 'oversleep':
        // Longer than the deadline that the newsletter gives its mail.
        ctx.clock.advance(25 * 60 * minuteMs);
        await beatAll();
        return;
      case 'unsubscribe':
        await ctx.db
          .updateTable('subscriptions')
          .set({ state: 'unsubscribed' })
          .where('subscriber_id', '=', people[one.reader] ?? 0)
          .execute();
        return;
    }
  }

  async function resend(): Promise<void> {
    const what = { class: 'worker-lost' };
    reached.resent += await retryFailures(ctx, { editionId, what, by: 'test' });
  }

  async function rescue(): Promise<void> {
    const resends = await countResends();
    const { unknown, retried, strays: found } = await rescueDeliveries(ctx);
    reached.resentOnce += (await countResends()) - resends;
    strays += found;
    reached.workerLost += unknown;
    reached.retried += retried;
  }

  async function countResends(): Promise<number> {
    const { n } = await ctx.db
      .selectFrom('deliveries')
      .select(({ fn }) => fn.sum<number>('resends').as('n'))
      .where('edition_id', '=', editionId)
      .executeTakeFirstOrThrow();
    return Number(n);
  }

  async function beatAll(): Promise<void> {
    await ctx.db
      .updateTable('workers')
      .set({ heartbeat_at: ctx.clock.now() })
      .where(
        'id',
        'in',
        workers.map((one) => one.id),
      )
      .execute();
  }

  /** Both workers end as a drain would; then a healthy one does what is left, as often as it is due. */
  async function finish(): Promise<void> {
    for (const one of workers) {
      while (one.flying.length > 0) answer(one, 'accepts');
      await exchange(one, 0);
      await ctx.db
        .updateTable('workers')
        .set({ stopped_at: ctx.clock.now() })
        .where('id', '=', one.id)
        .execute();
    }
    await ignoreState(resumeSend(ctx, { editionId }));
    const healthy = await hire();
    for (let round = 0; round < 30; round += 1) {
      await ctx.db
        .updateTable('workers')
        .set({ heartbeat_at: ctx.clock.now() })
        .where('id', '=', healthy.id)
        .execute();
      await rescue();
      for (let turn = 0; turn < 100; turn += 1) {
        await work(healthy);
        if (!healthy.lease) break;
        while (healthy.flying.length > 0) answer(healthy, 'accepts');
      }
      if (['sent', 'cancelled'].includes(await stateOf(ctx, editionId))) break;
      ctx.clock.advance(6 * minuteMs);
    }
    await rescue();
  }

  return {
    editionId,
    sink,
    run,
    finish,
    get doubtful() {
      return doubtful;
    },
    get strays() {
      return strays;
    },
  };
}

/** Pausing what is paused is refused; here that is as good as done. */
async function ignoreState(deed: Promise<unknown>): Promise<void> {
  await deed.catch((error: { code?: string }) => {
    if (error.code !== 'wrong_state') throw error;
  });
}
