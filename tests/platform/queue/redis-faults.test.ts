import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openQueues, type Queues } from '../../../src/platform/queue/queue.ts';
import { refuseUnfitRedis } from '../../../src/platform/queue/refuse-unfit-redis.ts';
import type { Deeds, Trouble } from '../../../src/platform/queue/work.ts';
import { freePort } from '../../support/free-port.ts';
import { type OwnRedis, redisServerFound, startRedis } from '../../support/own-redis.ts';
import { until } from '../../support/until.ts';

const deliver = (batchNo: number) => ({ editionId: 1, batchNo });

async function durationMs(deed: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await deed();
  return performance.now() - from;
}

describe('a Redis that is not fit', () => {
  const server = 'redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n';

  test('is one that evicts keys, is older than 6.2, or is told apart from Valkey', () => {
    const evicting = 'used_memory:1\r\nmaxmemory_policy:allkeys-lru\r\n';
    expect(() => refuseUnfitRedis(server, evicting)).toThrow(
      /allkeys-lru.*set maxmemory-policy to noeviction/,
    );
    const fit = 'maxmemory_policy:noeviction\r\n';
    expect(() => refuseUnfitRedis(server, fit)).not.toThrow();
    expect(() => refuseUnfitRedis('redis_version:6.2.0\r\n', fit)).not.toThrow();
    expect(() => refuseUnfitRedis('redis_version:6.0.16\r\n', fit)).toThrow('Redis 6.2 or newer is needed');
    expect(() => refuseUnfitRedis('redis_version:10.0.0\r\n', fit)).not.toThrow();
  });

  test('is one that is not there', async () => {
    const redisUrl = `redis://someone:secret@127.0.0.1:${await freePort()}`;
    const opening = openQueues({ redisUrl });
    await expect(opening).rejects.toThrow(/cannot reach Redis at 127\.0\.0\.1:\d+ \(REDIS_URL\)/);
    await expect(opening).rejects.not.toThrow(/secret/);
  });
});

describe.runIf(redisServerFound)('when Redis fails', () => {
  let redis: OwnRedis;
  let queues: Queues;
  let troubles: Trouble[];
  let seen: number[];

  beforeEach(async () => {
    redis = await startRedis();
    queues = await openQueues({ redisUrl: redis.url });
    troubles = [];
    seen = [];
  });
  afterEach(async () => {
    await queues.close();
    await redis.kill();
  });

  const deeds: Deeds<'deliveries'> = {
    deliver: async ({ batchNo }) => void seen.push(batchNo),
    retry: async () => {},
  };
  const work = () => queues.work('deliveries', { hands: 2 }, deeds, (trouble) => troubles.push(trouble));

  async function emptied(): Promise<void> {
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
  }

  test('ringing and ping fail within two seconds and a half, and work goes on when it is back, empty', async () => {
    work();
    await queues.ring('deliver', deliver(1));
    await until(() => seen.includes(1));
    await redis.kill();
    for (const deed of [
      () => queues.ring('deliver', deliver(2)),
      () => queues.ringAll('deliver', [deliver(2)]),
      () => queues.ping(),
      () => queues.depths(),
    ]) {
      expect(await durationMs(() => expect(deed()).rejects.toThrow())).toBeLessThan(2_500);
    }
    await redis.start();
    await until(() =>
      queues.ping().then(
        () => true,
        () => false,
      ),
    );
    await queues.ring('deliver', deliver(2));
    await until(() => seen.includes(2));
    expect(troubles.every(({ kind }) => kind === 'store' || kind === 'gone')).toBe(true);
    expect(troubles.length).toBeLessThan(10);
  });

  test('work goes on after an outage longer than a worker’s longest wait', async () => {
    work();
    await queues.ring('deliver', deliver(1));
    await until(() => seen.includes(1));
    await redis.kill();
    // The worker asks for at most 5 s and gives up on the answer after 6.
    const from = performance.now();
    await until(() => performance.now() - from > 7_500, { everyMs: 200 });
    await redis.start();
    await until(() =>
      queues.ping().then(
        () => true,
        () => false,
      ),
    );
    await queues.ring('deliver', deliver(2));
    await until(() => seen.includes(2));
  });

  test('one that hangs is as good as one that is away, and its end is noticed', async () => {
    work();
    await queues.ring('deliver', deliver(1));
    await until(() => seen.includes(1));
    redis.freeze();
    expect(await durationMs(() => expect(queues.ring('deliver', deliver(2))).rejects.toThrow())).toBeLessThan(
      2_500,
    );
    expect(await durationMs(() => expect(queues.ping()).rejects.toThrow())).toBeLessThan(2_500);
    redis.thaw();
    await until(() =>
      queues.ping().then(
        () => true,
        () => false,
      ),
    );
    await queues.ring('deliver', deliver(3));
    await until(() => seen.includes(3));
  });

  test('emptied in the middle, it takes and gives jobs as before, and the job in hand ends without harm', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const holding: Deeds<'deliveries'> = {
      ...deeds,
      deliver: async ({ batchNo }) => {
        seen.push(batchNo);
        if (batchNo === 1) await held;
      },
    };
    queues.work('deliveries', { hands: 1 }, holding, (trouble) => troubles.push(trouble));
    await queues.ringAll('deliver', [deliver(1), deliver(2)]);
    await until(() => seen.includes(1));
    await emptied();
    release();
    await until(() => troubles.some(({ kind }) => kind === 'gone'));
    await queues.ringAll('deliver', [deliver(1), deliver(3)]);
    await queues.ring('deliver', deliver(4));
    await until(() => seen.includes(4));
    // The second had only stood in the emptied Redis: its rows remember it, and `rescue` rings.
    expect(seen).toEqual([1, 1, 3, 4]);
    expect(troubles.every(({ kind }) => kind === 'gone')).toBe(true);
  });

  test('a schedule that an emptied Redis forgot comes back when it is renewed', async () => {
    let rings = 0;
    const upkeep = {
      tick: async () => {
        rings += 1;
      },
      rescue: async () => {},
      prune: async () => {},
      'gather-data': async () => {},
    };
    queues.work('upkeep', { hands: 1 }, upkeep, (trouble) => troubles.push(trouble));
    const renew = () => queues.schedule({ name: 'tick', job: 'tick', everyMs: 500 });
    await renew();
    await until(() => rings >= 2);
    await emptied();
    await renew();
    const before = rings;
    await until(() => rings >= before + 3);
  });

  test('one that would evict keys is refused at the door', async () => {
    const evicting = await startRedis('--maxmemory', '100mb', '--maxmemory-policy', 'volatile-lru');
    await expect(openQueues({ redisUrl: evicting.url })).rejects.toThrow(/volatile-lru.*noeviction/);
    await evicting.kill();
  });

  test('closing does not wait for it', async () => {
    work();
    await queues.ring('deliver', deliver(1));
    await until(() => seen.includes(1));
    await redis.kill();
    expect(await durationMs(() => queues.close())).toBeLessThan(8_000);
  });
});
