import { setTimeout as sleep } from 'node:timers/promises';
import { assertSchemaCompatibility, createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';
import type { Ground } from './ground.ts';

/** `postgres://…`, or where the built-in server listens. */
export type PostgresAddress = string | pg.PoolConfig;

const schema = 'bullmq';
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 30_000;
const ringingMax = 5;
/** One per queue listens for as long as it lives; the rest fetch and settle. */
const workingMax = 15;
const awayRetryMs = 1_000;
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

/** Two pools, so that ringing never waits for workers; each fails within 5 s when no connection can be had. */
export async function openOnPostgres(
  address: PostgresAddress,
  onError: (error: Error) => void,
): Promise<Ground> {
  const ringing = openPool(address, ringingMax, onError);
  const working = patient(openPool(address, workingMax, onError));
  const close = async (): Promise<void> => {
    await Promise.all([ringing.end(), working.end()]);
  };
  try {
    await prepareUnlessReady(address, ringing);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    queue: (name, options) => new Queue(name, { ...options, connection: asConnection(ringing) }),
    worker: (name, deed, options) =>
      new Worker(name, deed, { ...options, connection: asConnection(working) }),
    ping: async () => void (await ringing.query('select 1')),
    close,
  };
}

/** A pool is what BullMQ asks for; its own small type of one and that of `pg` only differ in how `on` is written. */
function asConnection(pool: pg.Pool): Connection {
  return pool as unknown as Connection;
}

/** Makes failing slow: BullMQ's worker fetches again at once, which turns a server that is away into a busy loop. */
function patient(pool: pg.Pool): pg.Pool {
  const slow =
    <A extends unknown[], R>(deed: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await deed(...args);
      } catch (error) {
        if (isAway(error)) await sleep(awayRetryMs);
        throw error;
      }
    };
  pool.query = slow(pool.query.bind(pool) as () => Promise<unknown>) as typeof pool.query;
  pool.connect = slow(pool.connect.bind(pool) as () => Promise<pg.PoolClient>) as typeof pool.connect;
  return pool;
}

/** Not the server's word: the connection failed. 08, 53, 57: it broke, there are too many, the server stops or starts. */
function isAway(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || /^(08|53|57)/.test(error.code ?? '');
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
    // BullMQ names its functions without a schema. A bell need not wait for the disk: one lost in a crash of the server is rung again.
    options: `-c search_path=${schema} -c synchronous_commit=off`,
  });
  pool.on('error', onError);
  // A connection that breaks in use tells its query and then itself; without a listener that ends the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  // Each queue and worker listens for the pool's errors.
  pool.setMaxListeners(0);
  return pool;
}
