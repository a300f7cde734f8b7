import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../src/platform/db/database.ts';
import { openEmbeddedPostgres } from '../../src/platform/db/embedded.ts';
import type { EmbeddedConfig } from '../../src/platform/db/embedded-running.ts';
import { migrate } from '../../src/platform/db/migrate.ts';
import { prepareQueueSchema } from '../../src/platform/queue/on-postgres.ts';
import { redisServerFound, startRedis } from './own-redis.ts';

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
  const [postgres, redis] = await Promise.all([startPostgres(dir), findRedis()]);
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

async function findRedis(): Promise<{ url: string | undefined; close(): Promise<void> }> {
  const { TEST_REDIS_URL: url } = process.env;
  if (url) return { url, close: async () => {} };
  if (!redisServerFound) return { url: undefined, close: async () => {} };
  const redis = await startRedis();
  return { url: redis.url, close: redis.kill };
}
