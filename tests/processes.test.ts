import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from './support/database.ts';
import { freePort } from './support/free-port.ts';
import { type OwnRedis, redisServerFound, startRedis } from './support/own-redis.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from './support/seed.ts';
import { openSink, type Sink } from './support/sink.ts';
import { until } from './support/until.ts';

// Production as it is run: one web and two workers as processes of their own, on Postgres and Redis, with a real relay.

const cli = fileURLToPath(new URL('../dist/src/cli.js', import.meta.url));
const run = promisify(execFile);
const readers = 10_000;

describe.skipIf(!redisServerFound)('one web and two workers', () => {
  let database: TestDatabase;
  let redis: OwnRedis;
  let sink: Sink;
  let dataDir: string;
  let env: Record<string, string>;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    database = await testDatabase();
    redis = await startRedis('--maxmemory-policy', 'noeviction');
    sink = await openSink();
    dataDir = await mkdtemp(join(tmpdir(), 'dateline-processes-'));
    const { host, user, database: name } = database.config;
    env = {
      PATH: process.env.PATH ?? '',
      DATA_DIR: dataDir,
      BASE_URL: 'https://news.example.org',
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
      SECRET_KEY: 'a secret that only tests ever use and nobody else',
      DATABASE_URL: `postgres://${user}@localhost/${name}?host=${encodeURIComponent(host)}`,
      REDIS_URL: redis.url,
      SMTP_URL: sink.url,
      MX_CHECK: 'off',
    };
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await redis.kill();
    await sink.close();
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  function role(name: string): ChildProcess {
    const child = spawn(process.execPath, [cli, name], { env, stdio: 'ignore' });
    children.push(child);
    return child;
  }

  async function command<T>(...args: string[]): Promise<T> {
    const { stdout } = await run(process.execPath, [cli, '--json', ...args], { env });
    return JSON.parse(stdout) as T;
  }

  it(`sends ${readers} readers one mail each, though Redis is emptied in the middle, and ends when told to`, async () => {
    const at = new Date();
    const newsletterId = await seedNewsletter(database.db, { at });
    await seedReaders(database.db, { newsletterId, count: readers, at: new Date(at.getTime() - 60_000) });
    const editionId = await seedReadyEdition(database.db, { newsletterId, at });
    const { key } = await command<{ key: string }>(
      'key',
      'create',
      'desk',
      '--scopes',
      'sends:write,editions:write',
    );

    const [web, ...workers] = [role('web'), role('worker'), role('worker')];
    const base = `http://127.0.0.1:${env.PORT}`;
    await until(async () => (await fetch(`${base}/readyz`).catch(() => undefined))?.ok, {
      timeoutMs: 60_000,
      everyMs: 100,
    });
    const asked = await fetch(`${base}/v1/editions/ed_${editionId}/send`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ expect_recipients: readers, hold_seconds: 0 }),
    });
    expect(asked.status).toBe(202);

    await until(() => sink.recipients.length > readers / 10, {
      timeoutMs: 60_000,
      everyMs: 5,
      what: 'a tenth is out',
    });
    const flusher = new Redis(redis.url);
    await flusher.flushall();
    flusher.disconnect();
    const flushedAt = sink.recipients.length;
    expect(flushedAt).toBeLessThan(readers);

    const books = () =>
      fetch(`${base}/v1/sends/snd_${editionId}`, { headers: { Authorization: `Bearer ${key}` } }).then(
        (answer) => answer.json() as Promise<{ state: string; counts: Record<string, number> }>,
      );
    const done = await until(
      async () => {
        const now = await books();
        return now.state === 'sent' ? now : undefined;
      },
      { timeoutMs: 240_000, everyMs: 500, what: 'the edition is sent' },
    );
    // A page goes before a mail.
    const behind = (child: ChildProcess) => getPriority(child.pid ?? 0) - getPriority();
    expect([web, ...workers].map((child) => child && behind(child))).toEqual([0, 10, 10]);
    expect(done.counts).toMatchObject({
      planned: readers,
      accepted: readers,
      deferred: 0,
      refused: 0,
      skipped: 0,
      unknown: 0,
      cancelled: 0,
      queued: 0,
    });
    expect(sink.recipients).toHaveLength(readers);
    expect(new Set(sink.recipients).size).toBe(readers);
    expect(new Set(sink.messageIds).size).toBe(readers);

    for (const child of [web, ...workers]) child?.kill('SIGTERM');
    const ended = await Promise.all(
      [web, ...workers].map((child) =>
        until(() => (child && child.exitCode !== null ? { code: child.exitCode } : undefined), {
          timeoutMs: 20_000,
          everyMs: 50,
        }),
      ),
    );
    expect(ended.map((one) => one.code)).toEqual([0, 0, 0]);
  }, 400_000);

  it('is steered and examined by its commands while Redis is away: what they ask for stands in the database', async () => {
    const at = new Date();
    const newsletterId = await seedNewsletter(database.db, { at });
    await seedReaders(database.db, { newsletterId, count: 3, at: new Date(at.getTime() - 60_000) });
    const editionId = await seedReadyEdition(database.db, { newsletterId, at });
    await command('edition', 'send', `ed_${editionId}`, '--expect', '3', '--hold', '0');
    await database.db.updateTable('editions').set({ state: 'sending' }).execute();
    await redis.kill();
    const [paused, examined] = await Promise.all([
      command('send', 'pause'),
      run(process.execPath, [cli, 'doctor'], { env }).catch(
        (error: { code: number; stdout: string; stderr: string }) => error,
      ),
    ]);
    expect(paused).toMatchObject({ state: 'paused' });
    expect(await command('send', 'resume'), 'its bells are rung later').toMatchObject({ state: 'sending' });
    expect(examined).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/ok {4}database: ok[\s\S]*FAIL {2}queue: Redis/),
      stderr: expect.stringMatching(/^\{.*cannot reach Redis at .*rescue will ring.*\}\n$/),
    });
  });

  it('refuses to start on an old schema, on a Redis that evicts, and with a list of what is wrong', async () => {
    const fails = async (over: Record<string, string>) => {
      const outcome = await run(process.execPath, [cli, 'worker'], { env: { ...env, ...over } }).catch(
        (error: { code: number; stderr: string }) => error,
      );
      return { code: 'code' in outcome ? outcome.code : 0, words: outcome.stderr };
    };
    await database.pool.query('drop table kysely_migration');
    expect(await fails({})).toMatchObject({ code: 1, words: expect.stringContaining('dateline migrate') });
    expect(await fails({ SECRET_KEY: '', PORT: 'many' })).toMatchObject({
      code: 2,
      words: expect.stringMatching(/PORT/),
    });
    const evicting = await startRedis('--maxmemory-policy', 'allkeys-lru');
    try {
      const fresh = await testDatabase();
      const { host, user, database: name } = fresh.config;
      const DATABASE_URL = `postgres://${user}@localhost/${name}?host=${encodeURIComponent(host)}`;
      const refused = await fails({ REDIS_URL: evicting.url, DATABASE_URL });
      expect(refused).toMatchObject({ code: 1, words: expect.stringContaining('noeviction') });
      await fresh.close();
    } finally {
      await evicting.kill();
    }
  });
});
