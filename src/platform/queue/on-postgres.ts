import { assertSchemaCompatibility, createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';
import type { Ground } from './ground.ts';

/** `postgres://…`, or where the built-in server listens. */
export type PostgresAddress = string | pg.PoolConfig;

const schema = 'bullmq';
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 30_000;
/** One per queue listens for as long as it lives; the rest work. */
const connectionsMax = 16;
const { Queue, Worker } = withBackend(createPostgresBackend);
type Connection = Parameters<typeof createPostgresBackend>[1]['connection'];

/** Makes the queue's own schema, or brings it up to date. Safe to run twice and by several processes at once. */
export async function prepareQueueSchema(address: PostgresAddress): Promise<void> {
  const pool = openPool(address, 1, () => {});
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, schema);
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}

export async function openOnPostgres(
  address: PostgresAddress,
  onError: (error: Error) => void,
): Promise<Ground> {
  const pool = openPool(address, connectionsMax, onError);
  try {
    await prepareUnlessReady(address, pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  // A pool is what BullMQ asks for; its own small type of one and that of `pg` only differ in how `on` is written.
  const connection = pool as unknown as Connection;
  return {
    queue: (name, options) => new Queue(name, { ...options, connection }),
    worker: (name, deed, options) => new Worker(name, deed, { ...options, connection }),
    ping: async () => void (await pool.query('select 1')),
    close: () => pool.end(),
  };
}

/** Running the migrations locks their ledger, so it is only done when they are missing or old. */
async function prepareUnlessReady(address: PostgresAddress, pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await assertSchemaCompatibility(client, schema);
  } catch {
    await prepareQueueSchema(address);
  } finally {
    client.release();
  }
}

function openPool(address: PostgresAddress, max: number, onError: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({
    ...(typeof address === 'string'
      ? { connectionString: address }
      : { ...address, ssl: address.ssl ?? false }),
    max,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 5_000,
    // BullMQ names its functions without a schema.
    options: `-c search_path=${schema}`,
  });
  pool.on('error', onError);
  // Each queue and worker listens for the pool's errors.
  pool.setMaxListeners(0);
  return pool;
}
