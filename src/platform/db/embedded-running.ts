import { execFile } from 'node:child_process';
import { readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Places } from './embedded-places.ts';

/** How to reach the built-in Postgres: a unix socket in a closed folder, no password. */
export interface EmbeddedConfig {
  host: string;
  port: number;
  user: string;
  database: string;
}

/** `busy`: a server holds the folder but takes nobody in, since it is starting or stopping. */
export type Running =
  | { kind: 'ready'; config: EmbeddedConfig }
  | { kind: 'busy'; why: string }
  | { kind: 'none' };

const database = 'dateline';
const connectTimeoutMs = 2_000;
const statementTimeoutMs = 10_000;

/** Looks whether a server answers in this folder, and sees to it that the database `dateline` exists in it. */
export async function findRunning({ data }: Places): Promise<Running> {
  const file = await readPidFile(data);
  if (!file) return { kind: 'none' };
  if (file.socketDir) {
    const config = { host: file.socketDir, port: file.port, user: 'postgres', database };
    const answer = await greet(config);
    if (answer === 'ready') return { kind: 'ready', config };
    if (answer === 'busy') return { kind: 'busy', why: 'a server in this folder is starting or stopping' };
  }
  if (!(await isPostmaster(file.pid, data))) return { kind: 'none' };
  return { kind: 'busy', why: `process ${file.pid} holds ${data} and does not answer` };
}

/** Whether no server holds the folder any more; asks nobody. */
export async function isGone({ data }: Places): Promise<boolean> {
  const file = await readPidFile(data);
  return !file || !(await isPostmaster(file.pid, data));
}

/**
 * Removes what a crash left: Postgres itself would refuse to start when its old process id belongs to somebody else
 * by now, as after a power cut. Only for the holder of the lock, after `findRunning` said `none`.
 */
export async function clearStale({ data, socketDir }: Places): Promise<void> {
  await rm(join(data, 'postmaster.pid'), { force: true });
  await rm(join(socketDir, '.s.PGSQL.5432.lock'), { force: true });
}

interface PidFile {
  pid: number;
  port: number;
  socketDir: string | undefined;
}

async function readPidFile(data: string): Promise<PidFile | undefined> {
  const path = join(data, 'postmaster.pid');
  try {
    const [pid = '', , , port, socketDir] = (await readFile(path, 'utf8')).split('\n');
    return { pid: Number(pid), port: Number(port), socketDir: socketDir || undefined };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Error(`cannot read ${path}: start as the user that the folder belongs to`, { cause });
  }
}

async function greet(config: EmbeddedConfig): Promise<'ready' | 'busy' | 'silent'> {
  const client = new pg.Client({
    ...config,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs,
  });
  // A server that stops under our hands also fails the call that is in flight, which is where it is dealt with.
  client.on('error', () => {});
  try {
    await client.connect();
    await ensureDatabase(client);
    return 'ready';
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'silent';
    // 57P01 to 57P03: shutting down, crashed, starting up. No code: the connection broke or took too long.
    if (code === undefined || code.startsWith('57P') || code === 'ECONNRESET' || code === 'EPIPE')
      return 'busy';
    throw new Error(`the Postgres in ${config.host} answers, but not to us`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const exists = async (): Promise<boolean> =>
    (await client.query('select 1 from pg_database where datname = $1', [database])).rowCount === 1;
  if (await exists()) return;
  // Several processes come here at once after the first start; `create database` has no `if not exists`.
  await client.query('select pg_advisory_lock(hashtext($1))', [database]);
  if (!(await exists())) await client.query(`create database ${database}`);
}

/** Whether a process is the server of this folder; a number alone may have been given to another process since. */
async function isPostmaster(pid: number, data: string): Promise<boolean> {
  if (!(pid > 0)) return false;
  if (process.platform !== 'linux') return (await commandOf(pid)).includes('postgres');
  try {
    return (await readlink(`/proc/${pid}/cwd`)) === data;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return false;
    return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() === 'postgres';
  }
}

function commandOf(pid: number): Promise<string> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'comm=', '-p', String(pid)], { timeout: 5_000 }, (_error, stdout) =>
      resolve(stdout),
    );
  });
}
