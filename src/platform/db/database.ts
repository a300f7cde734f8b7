import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import type { EmbeddedConfig } from './embedded-running.ts';
import { PreparingClient, statementTimeoutMs } from './preparing-client.ts';
import type { Tables } from './tables.ts';

/** What a query takes: the database, or a transaction in it. */
export type Db = Kysely<Tables> | Transaction<Tables>;

/** `postgres://…`, or the built-in server. */
export type DatabaseAddress = string | EmbeddedConfig;

export interface Database {
  db: Kysely<Tables>;
  /** For what kysely has no word for, such as LISTEN. */
  pool: pg.Pool;
  /** Waits for what is under way, at most 10 s. Safe to call twice. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Connections at most; default 10. */
  max?: number;
  /** Told when a connection that nobody was using breaks; the next query opens another. */
  onError?: (error: Error) => void;
}

const connectTimeoutMs = 5_000;
const idleInTransactionTimeoutMs = 60_000;
const closeTimeoutMs = 10_000;

/**
 * Opens the ledger. Nothing is sent until the first query; a query fails after 5 s when no connection can be had
 * and after 60 s when the statement does not end. `bigint` is read as a number, `date` as text.
 */
export function openDatabase(address: DatabaseAddress, options: DatabaseOptions = {}): Database {
  const { max = 10, onError = () => {} } = options;
  const pool = new pg.Pool({
    ...(typeof address === 'string' ? { connectionString: address } : { ...address, ssl: false }),
    Client: PreparingClient,
    max,
    types: readTypes(),
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    application_name: 'dateline',
  });
  // Without a listener a broken idle connection ends the process.
  pool.on('error', onError);
  // So does one that breaks in use: its query is told first, and then the connection itself, which needs a listener too.
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  let closing: Promise<void> | undefined;
  return {
    db,
    pool,
    close: () => {
      closing ??= endWithin(pool, closeTimeoutMs);
      return closing;
    },
  };
}

/** Type numbers of `pg_type`: 20 bigint, 1016 bigint[], 1007 int[], 1082 date. Ids stay below 2^53. */
function readTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(20, Number);
  types.setTypeParser(1016, types.getTypeParser(1007) as unknown as (text: string) => number[]);
  types.setTypeParser(1082, (text) => text);
  return types;
}

async function endWithin(pool: pg.Pool, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([pool.end(), late]);
  clearTimeout(timer);
}

/** For the first query of a process: says in words that there is no database. @throws Error with the cause. */
export function unanswered(error: Error): never {
  throw new Error(`The database at DATABASE_URL does not answer: ${error.message}`, { cause: error });
}
