import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../src/platform/db/database.ts';
import { openEmbeddedPostgres } from '../../src/platform/db/embedded.ts';
import type { EmbeddedConfig } from '../../src/platform/db/embedded-running.ts';
import { migrate } from '../../src/platform/db/migrate.ts';
import { prepareQueueSchema } from '../../src/platform/queue/on-postgres.ts';
import { until } from './until.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The run's own Postgres; `database` is the template that `testDatabase` clones. */
    postgres: EmbeddedConfig;
    /** The run's own Redis; undefined = there is none on this machine. */
    redisUrl: string | undefined;
  }
}

const template = 'dateline_template';

/** One Postgres and one Redis for the whole run, both private to it and gone at its end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'dateline-test-'));
  await chmod(dir, 0o755);
  const [postgres, redis] = await Promise.all([startPostgres(dir), startRedis(dir)]);
  project.provide('postgres', { ...postgres.config, database: template });
  project.provide('redisUrl', redis.url);
  if (!redis.url) console.log('skipped: the queue on Redis (no redis-server on the PATH, no TEST_REDIS_URL)');
  return async () => {
    await Promise.all([postgres.close(), redis.close()]);
    await rm(dir, { recursive: true, force: true });
  };
}

async function startPostgres(dir: string): Promise<{ config: EmbeddedConfig; close(): Promise<void> }> {
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    synchronous_commit: 'off',
    max_connections: '400',
  };
  const server = await openEmbeddedPostgres({ dataDir: dir, settings });
  const config = { ...server.config, database: template };
  const client = new pg.Client({ ...server.config, ssl: false });
  await client.connect();
  await client.query(`create database ${template}`);
  await client.end();
  const { db, close } = openDatabase(config, { max: 2 });
  await migrate(db);
  await close();
  await prepareQueueSchema(config);
  return { config: server.config, close: server.close };
}

async function startRedis(dir: string): Promise<{ url: string | undefined; close(): Promise<void> }> {
  if (process.env.TEST_REDIS_URL) return { url: process.env.TEST_REDIS_URL, close: async () => {} };
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let words = '';
  child.stdout.on('data', (chunk) => {
    words += chunk;
  });
  const missing = new Promise<'missing'>((resolve) => child.once('error', () => resolve('missing')));
  const ready = until(() => words.includes('Ready to accept connections'), { what: 'redis-server is ready' });
  if ((await Promise.race([missing, ready])) === 'missing') {
    ready.catch(() => {});
    return { url: undefined, close: async () => {} };
  }
  return { url: `redis://127.0.0.1:${port}`, close: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await until(() => child.exitCode !== null || child.signalCode !== null, { what: 'redis-server ended' });
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
