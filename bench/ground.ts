import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { type OpenContext, openContext } from '../src/context.ts';
import { openDatabase } from '../src/platform/db/database.ts';
import { openEmbeddedPostgres } from '../src/platform/db/embedded.ts';
import { migrate } from '../src/platform/db/migrate.ts';
import { openLog } from '../src/platform/log.ts';
import { endAll } from './child.ts';
import { nameOf, parentOf } from './cpu.ts';
import type { Options } from './options.ts';
import { type OwnRedis, openRedis } from './redis.ts';
import { compileSink, openSink, type Sink } from './sink.ts';

/** Everything that is measured on: one Postgres, one Redis, one sink, and a folder that goes with them. */
export interface Ground {
  dir: string;
  ctx: OpenContext;
  redis: OwnRedis;
  /** The compiled sink, to open slower ones. */
  sinkProgram: string;
  sink: Sink;
  /** The server's first process; undefined when it is on another machine, and its processor time unknown. */
  postmaster: number | undefined;
  postgresVersion: string;
  /** The whole environment of a worker that hands its mail to a server; `more` comes on top. */
  workerEnv(smtpUrl: string, more?: Record<string, string>): Record<string, string>;
  /** What Node is given before the program of a worker. */
  nodeArgs: readonly string[];
  /** Ends every process and removes every file. Safe to call twice. */
  close(): Promise<void>;
}

/** What the embedded server has beyond its defaults: as much memory as a small production server. */
const settings = { shared_buffers: '512MB', max_wal_size: '4GB', max_connections: '100' };

/**
 * Opens the ground: Redis and Postgres of the bench's own, the latter at `DATABASE_URL` in a database of its own where that
 * is set, and the sink.
 *
 * @throws Error that says what to install; nothing is left behind then.
 */
export async function openGround({
  connections,
  profile,
}: Pick<Options, 'connections' | 'profile'>): Promise<Ground> {
  const dir = mkdtempSync(join(tmpdir(), 'dateline-bench-'));
  const closers: (() => Promise<unknown>)[] = [
    () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  ];
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      for (const closer of closers.reverse()) await closer();
      await endAll();
    })();
    return closing;
  };
  try {
    // The embedded server may run under another account, which must be able to walk in.
    await chmod(dir, 0o755);
    const sinkProgram = compileSink(dir);
    const redis = await openRedis(dir);
    closers.push(() => redis.close());
    const database = await openLedger(dir);
    closers.push(() => database.close());
    const sink = await openSink(sinkProgram);
    closers.push(() => sink.close());
    const shared = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      BASE_URL: 'https://news.example.org',
      SECRET_KEY: randomBytes(32).toString('hex'),
      DATA_DIR: join(dir, 'data'),
      MX_CHECK: 'off',
      SMTP_CONNECTIONS: String(connections),
    };
    const workerEnv = (smtpUrl: string, more: Record<string, string> = {}) => ({
      ...shared,
      SMTP_URL: smtpUrl,
      ...more,
    });
    const log = openLog({ level: 'error', destination: pino.destination({ fd: 2, sync: true }) });
    const ctx = await openContext(readConfig(workerEnv(sink.url)), log);
    closers.push(() => ctx.close());
    const nodeArgs = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
    return { nodeArgs, dir, ctx, redis, sinkProgram, sink, workerEnv, close, ...(await describe(ctx)) };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Ledger {
  url: string;
  close(): Promise<void>;
}

async function openLedger(dir: string): Promise<Ledger> {
  const { databaseUrl } = readConfig(undefined, {
    SECRET_KEY: randomBytes(32).toString('hex'),
    SMTP_URL: '',
  });
  const ledger = databaseUrl === undefined ? await embedded(dir) : await databaseAt(databaseUrl);
  const database = openDatabase(ledger.url, { max: 1 });
  try {
    await migrate(database.db);
  } finally {
    await database.close();
  }
  return ledger;
}

async function embedded(dir: string): Promise<Ledger> {
  const { config, close } = await openEmbeddedPostgres({ dataDir: join(dir, 'data'), settings });
  const { user, database, host, port } = config;
  return { url: `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`, close };
}

/** A database of the bench's own beside the one that the URL names, which is left as it is. */
async function databaseAt(databaseUrl: string): Promise<Ledger> {
  const name = `dateline_bench_${randomBytes(6).toString('hex')}`;
  const asAdmin = async (statement: string) => {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await asAdmin(`create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return { url: url.href, close: () => asAdmin(`drop database if exists ${name} with (force)`) };
}

async function describe({ db }: OpenContext): Promise<Pick<Ground, 'postmaster' | 'postgresVersion'>> {
  const { rows } = await sql<{ pid: number; version: string }>`
    select pg_backend_pid() as pid, current_setting('server_version') as version`.execute(db);
  const { pid = 0, version = 'unknown' } = rows[0] ?? {};
  const here = nameOf(pid).startsWith('postgres');
  return { postmaster: here ? parentOf(pid) : undefined, postgresVersion: version };
}
