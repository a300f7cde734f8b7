import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedPostgres, openEmbeddedPostgres } from '../../../src/platform/db/embedded.ts';
import { openQueues, type Queues } from '../../../src/platform/queue/queue.ts';
import type { Trouble } from '../../../src/platform/queue/work.ts';
import { until } from '../../support/until.ts';

const deliver = (batchNo: number) => ({ editionId: 1, batchNo });

describe('when the Postgres below the queue fails', () => {
  let dir: string;
  let postgres: EmbeddedPostgres;
  let queues: Queues;
  let seen: number[];
  let troubles: Trouble[];

  const open = () => openEmbeddedPostgres({ dataDir: dir, settings: { fsync: 'off' } });

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dateline-queue-'));
    postgres = await open();
    queues = await openQueues({ postgres: postgres.config });
    seen = [];
    troubles = [];
    queues.work(
      'deliveries',
      { hands: 2 },
      { deliver: async ({ batchNo }) => void seen.push(batchNo), retry: async () => {} },
      (trouble) => troubles.push(trouble),
    );
    await queues.ring('deliver', deliver(1));
    await until(() => seen.includes(1));
  });
  afterEach(async () => {
    await queues.close();
    await postgres.close();
    await rm(dir, { recursive: true, force: true });
  });

  test('ringing fails at once, nothing spins, and work goes on when it is back', async () => {
    await postgres.close();
    await until(() => troubles.length > 0);
    const from = { at: performance.now(), cpu: process.cpuUsage() };
    await expect(queues.ring('deliver', deliver(2))).rejects.toThrow();
    await expect(queues.ping()).rejects.toThrow();
    await until(() => performance.now() - from.at > 2_000);
    const { user, system } = process.cpuUsage(from.cpu);
    expect((user + system) / 1_000).toBeLessThan(1_000);

    postgres = await open();
    await queues.ring('deliver', deliver(3));
    await until(() => seen.includes(3));
    expect(troubles.every(({ kind }) => kind === 'store')).toBe(true);
  });

  test('connections that are cut come back, also the one that listens', async () => {
    const admin = new pg.Client({ ...postgres.config, database: 'postgres' });
    await admin.connect();
    await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
      'dateline',
    ]);
    await until(() => troubles.length > 0);
    await until(() =>
      queues.ping().then(
        () => true,
        () => false,
      ),
    );
    for (const batchNo of [2, 3, 4]) {
      const from = performance.now();
      await queues.ring('deliver', deliver(batchNo));
      await until(() => seen.includes(batchNo));
      // Without a listener it would look again after five seconds; the first one may fall into the retry's wait.
      expect(performance.now() - from).toBeLessThan(2_500);
    }
    await admin.end();
  });

  test('several processes that make its schema at once do not get in each other’s way', async () => {
    const admin = new pg.Client({ ...postgres.config, database: 'postgres' });
    await admin.connect();
    await admin.query('create database fresh');
    const address = { postgres: { ...postgres.config, database: 'fresh' } };
    const opened = await Promise.all([1, 2, 3, 4].map(() => openQueues(address)));
    await Promise.all(opened.map((each) => each.ping()));
    await Promise.all(opened.map((each) => each.close()));
    await admin.end();
  });
});
