import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../src/platform/db/database.ts';
import type { EmbeddedConfig } from '../../src/platform/db/embedded-running.ts';

export interface TestDatabase extends Database {
  config: EmbeddedConfig;
}

/** A database of one's own with the whole schema, cloned in some 35 ms; `close` drops it. */
export async function testDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const server = inject('postgres');
  const config = { ...server, database: `test_${randomBytes(6).toString('hex')}` };
  // Half the work of `wal_log`, though it forces checkpoints: without fsync they cost little.
  await asAdmin(server, `create database ${config.database} template ${server.database} strategy file_copy`);
  const { db, pool, close } = openDatabase(config, { max: options.max ?? 10 });
  return {
    db,
    pool,
    config,
    close: async () => {
      await close();
      await asAdmin(server, `drop database if exists ${config.database} with (force)`);
    },
  };
}

/** Runs one statement as the superuser in the run's own Postgres. */
async function asAdmin(server: EmbeddedConfig, statement: string): Promise<void> {
  const client = new pg.Client({ ...server, database: 'postgres', ssl: false });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
