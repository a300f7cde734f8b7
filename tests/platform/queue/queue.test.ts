import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openQueues, type Queues } from '../../../src/platform/queue/queue.ts';
import type { Deeds, Trouble } from '../../../src/platform/queue/work.ts';
import { backends } from '../../support/backends.ts';
import { until } from '../../support/until.ts';

describe.each(backends)('the queue on $name', (backend) => {
  let place: Awaited<ReturnType<typeof backend.claim>>;
  let queues: Queues;

  beforeEach(async () => {
    place = await backend.claim();
    queues = await openQueues(place.address, { prefix: place.prefix });
  });
  afterEach(async () => {
    await queues.close();
    await place.close();
  });

  const idle: Deeds<'deliveries'> = { deliver: async () => {}, retry: async () => {} };
  const deliver = (batchNo: number) => ({ editionId: 12, batchNo });

  test('a job arrives once with its payload and leaves nothing behind', async () => {
    const seen: unknown[] = [];
    await queues.ring('deliver', deliver(3));
    const work = queues.work(
      'deliveries',
      { hands: 2 },
      { ...idle, deliver: async (payload) => void seen.push(payload) },
      () => {},
    );
    await until(() => seen.length === 1);
    await until(async () => Object.values((await queues.depths()).deliveries).every((n) => n === 0));
    expect(seen).toEqual([{ editionId: 12, batchNo: 3 }]);
    await work.close();
  });

  test('the same bell rung again while it waits is one job, also among many', async () => {
    await queues.ring('deliver', deliver(1));
    await queues.ring('deliver', deliver(1));
    await queues.ringAll('deliver', [deliver(1), deliver(2), deliver(2)]);
    expect((await queues.depths()).deliveries).toEqual({ waiting: 2, delayed: 0, active: 0 });
  });

  test('a finished job can be rung again, whether it went well or not', async () => {
    let runs = 0;
    const troubles: Trouble[] = [];
    const work = queues.work(
      'upkeep',
      { hands: 1 },
      {
        tick: async () => {
          runs += 1;
          if (runs === 1) throw new Error('the first one fails');
        },
        rescue: async () => {},
        prune: async () => {},
        'gather-data': async () => {},
      },
      (trouble) => troubles.push(trouble),
    );
    for (const expected of [1, 2, 3]) {
      await queues.ring('tick', {});
      await until(async () => runs === expected && (await queues.depths()).upkeep.active === 0);
    }
    expect(troubles).toEqual([
      expect.objectContaining({ kind: 'failed', job: 'tick', again: false, attempt: 1 }),
    ]);
    await work.close();
  });

  test('what fails is tried again after longer and longer waits', async () => {
    const at: number[] = [];
    const troubles: Trouble[] = [];
    await queues.ring('start-send', { editionId: 4 });
    const work = queues.work(
      'editions',
      { hands: 1 },
      {
        assemble: async () => {},
        compose: async () => {},
        'fan-out': async () => {},
        'start-send': async () => {
          at.push(performance.now());
          if (at.length < 3) throw new Error('not yet');
        },
      },
      (trouble) => troubles.push(trouble),
    );
    await until(() => at.length === 3);
    const [first = 0, second = 0, third = 0] = at;
    // Two and four seconds, less a jitter of at most half.
    expect(second - first).toBeGreaterThan(900);
    expect(third - second).toBeGreaterThan(1_900);
    expect(troubles).toEqual([
      expect.objectContaining({
        kind: 'failed',
        job: 'start-send',
        id: 'start-send-4',
        attempt: 1,
        again: true,
      }),
      expect.objectContaining({
        kind: 'failed',
        job: 'start-send',
        id: 'start-send-4',
        attempt: 2,
        again: true,
      }),
    ]);
    await work.close();
  });

  test('a delayed job waits for its time', async () => {
    const rungAt = performance.now();
    let ranAt = 0;
    const work = queues.work(
      'deliveries',
      { hands: 1 },
      {
        ...idle,
        retry: async () => {
          ranAt = performance.now();
        },
      },
      () => {},
    );
    await queues.ring('retry', { editionId: 1 }, { delayMs: 700 });
    expect((await queues.depths()).deliveries.delayed).toBe(1);
    await until(() => ranAt > 0);
    expect(ranAt - rungAt).toBeGreaterThanOrEqual(690);
    expect(ranAt - rungAt).toBeLessThan(3_000);
    await work.close();
  });

  test('a job may ring itself for later, and a bell for now is not swallowed by one for later', async () => {
    let runs = 0;
    const work = queues.work(
      'deliveries',
      { hands: 1 },
      {
        ...idle,
        retry: async (payload) => {
          runs += 1;
          if (runs === 1) await queues.ring('retry', payload, { delayMs: 300 });
        },
      },
      () => {},
    );
    await queues.ring('retry', { editionId: 1 }, { delayMs: 60_000 });
    await queues.ring('retry', { editionId: 1 });
    await until(() => runs === 2);
    await until(async () => (await queues.depths()).deliveries.active === 0);
    expect((await queues.depths()).deliveries).toEqual({ waiting: 0, delayed: 1, active: 0 });
    await work.close();
  });

  test('as many jobs run at once as there are hands, and all of a thousand run once', async () => {
    const seen = new Map<number, number>();
    let now = 0;
    let most = 0;
    await queues.ringAll(
      'deliver',
      Array.from({ length: 1_000 }, (_, n) => deliver(n + 1)),
    );
    const work = queues.work(
      'deliveries',
      { hands: 5 },
      {
        ...idle,
        deliver: async ({ batchNo }) => {
          now += 1;
          most = Math.max(most, now);
          seen.set(batchNo, (seen.get(batchNo) ?? 0) + 1);
          await new Promise((resolve) => setImmediate(resolve));
          now -= 1;
        },
      },
      () => {},
    );
    await until(() => seen.size === 1_000, { timeoutMs: 20_000 });
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
    expect(most).toBeLessThanOrEqual(5);
    await work.close();
  });

  test('a schedule that is renewed all the time rings as often as one that is not', async () => {
    const at: number[] = [];
    const work = queues.work(
      'upkeep',
      { hands: 1 },
      {
        tick: async () => void at.push(performance.now()),
        rescue: async () => {},
        prune: async () => {},
        'gather-data': async () => {},
      },
      () => {},
    );
    const other = await openQueues(place.address, { prefix: place.prefix });
    const renew = async (): Promise<void> => {
      const schedule = { name: 'every-second', job: 'tick', everyMs: 1_000 } as const;
      await Promise.all([queues.schedule(schedule), other.schedule(schedule)]);
    };
    await until(
      async () => {
        await renew();
        return at.length >= 4;
      },
      { everyMs: 150, timeoutMs: 20_000 },
    );
    const gaps = at.slice(1).map((time, n) => time - (at[n] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(2_500);
    expect(gaps.reduce((sum, gap) => sum + gap) / gaps.length).toBeGreaterThan(600);
    await other.close();
    await work.close();
  });

  test('a cron schedule takes its time zone and is set twice without a second ring', async () => {
    const schedule = { name: 'nightly', job: 'prune', cron: '30 3 * * *', tz: 'Asia/Jakarta' } as const;
    await queues.schedule(schedule);
    await queues.schedule(schedule);
    expect((await queues.depths()).upkeep).toEqual({ waiting: 0, delayed: 1, active: 0 });
  });

  test('closing waits for the job in hand, which is then settled', async () => {
    let ended = false;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let started = false;
    const work = queues.work(
      'deliveries',
      { hands: 1 },
      {
        ...idle,
        deliver: async () => {
          started = true;
          await held;
          ended = true;
        },
      },
      () => {},
    );
    await queues.ring('deliver', deliver(1));
    await until(() => started);
    const closed = work.close();
    await queues.ring('deliver', deliver(2));
    release();
    await closed;
    expect(ended).toBe(true);
    expect((await queues.depths()).deliveries).toEqual({ waiting: 1, delayed: 0, active: 0 });
  });

  test('a job that hangs holds up neither a forced close nor the end of the queue after it', async () => {
    let started = false;
    const work = queues.work(
      'deliveries',
      { hands: 1 },
      {
        ...idle,
        deliver: () => {
          started = true;
          return new Promise(() => {});
        },
      },
      () => {},
    );
    await queues.ring('deliver', deliver(1));
    await until(() => started);
    const from = performance.now();
    await work.close(true);
    await queues.close();
    expect(performance.now() - from).toBeLessThan(4_000);
  });

  test('two processes share the jobs', async () => {
    const other = await openQueues(place.address, { prefix: place.prefix });
    const done: string[] = [];
    const deeds = (who: string): Deeds<'deliveries'> => ({
      ...idle,
      deliver: async ({ batchNo }) => {
        done.push(`${batchNo} ${who}`);
        await until(() => new Set(done.map((line) => line.split(' ')[1])).size === 2 || done.length > 50);
      },
    });
    const works = [
      queues.work('deliveries', { hands: 1 }, deeds('a'), () => {}),
      other.work('deliveries', { hands: 1 }, deeds('b'), () => {}),
    ];
    await queues.ringAll('deliver', [1, 2, 3, 4, 5, 6].map(deliver));
    await until(() => done.length === 6);
    expect(new Set(done.map((line) => line.split(' ')[0])).size).toBe(6);
    expect(new Set(done.map((line) => line.split(' ')[1])).size).toBe(2);
    await Promise.all(works.map((work) => work.close()));
    await other.close();
  });

  test('it answers a ping', async () => {
    await queues.ping();
  });

  test('a job that nobody knows or that carries something else is thrown away and not tried again', async () => {
    const troubles: Trouble[] = [];
    await queues.ring('deliver', deliver(1));
    await queues.schedule({ name: 'strange', job: 'retry' as never, everyMs: 3_600_000 });
    const work = queues.work(
      'deliveries',
      { hands: 1 },
      { retry: idle.retry } as Deeds<'deliveries'>,
      (trouble) => troubles.push(trouble),
    );
    await until(() => troubles.length === 2);
    await until(async () => (await queues.depths()).deliveries.active === 0);
    expect(troubles.map(({ kind, error }) => `${kind}: ${error.message}`).sort()).toEqual([
      'dropped: deliver dropped: this worker has no such job',
      'dropped: retry dropped: its payload has another shape',
    ]);
    expect((await queues.depths()).deliveries).toEqual({ waiting: 0, delayed: 1, active: 0 });
    await work.close();
  });

  test('what a deed said when it failed is told to the log and not kept by the store', async () => {
    const troubles: Trouble[] = [];
    const work = queues.work(
      'deliveries',
      { hands: 1 },
      {
        ...idle,
        deliver: () => Promise.reject(new Error('550 <reader@example.com> unknown')),
      },
      (trouble) => troubles.push(trouble),
    );
    await queues.ring('deliver', deliver(1));
    await until(() => troubles.length === 1);
    await until(async () => (await queues.depths()).deliveries.delayed === 1);
    expect(troubles[0]?.error.message).toContain('reader@example.com');
    expect(await place.dump()).toContain('deliver-12-1');
    expect(await place.dump()).not.toContain('reader@example.com');
    await work.close();
  });

  test('a payload of another shape cannot be rung', async () => {
    await expect(queues.ring('deliver', { editionId: 1.5, batchNo: 1 })).rejects.toThrow();
    await expect(
      queues.ring('deliver', { editionId: 1, batchNo: 1, email: 'r@example.com' } as never),
    ).rejects.toThrow();
    expect((await queues.depths()).deliveries.waiting).toBe(0);
  });
});
