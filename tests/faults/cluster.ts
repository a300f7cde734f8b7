import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { chooseAccount } from '../../src/platform/db/embedded-account.ts';
import { findBinaries, linkLibraries } from '../../src/platform/db/embedded-binaries.ts';
import { makePlaces } from '../../src/platform/db/embedded-places.ts';
import type { EmbeddedConfig } from '../../src/platform/db/embedded-running.ts';
import { clearStale } from '../../src/platform/db/embedded-running.ts';
import { takeSeat } from '../../src/platform/db/embedded-seats.ts';
import { type Ground, initialise } from '../../src/platform/db/embedded-server.ts';
import { until } from '../support/until.ts';

/** A Postgres whose server is a child of ours alone, so that it can be stopped, killed and started again. */
export interface Cluster {
  /** The folder of its files. */
  data: string;
  config(database: string): EmbeddedConfig;
  url(database: string): string;
  start(): Promise<void>;
  /** The fast shutdown: connections are cut, transactions under way are lost, what is committed stays. */
  stop(): Promise<void>;
  /** SIGKILL to the server and to each of its children. */
  kill(): Promise<void>;
  runs(): boolean;
  said(words: string): boolean;
  /** One statement as the superuser. */
  ask(database: string, statement: string): Promise<Record<string, unknown>[]>;
}

const settings = {
  // What a killed process has written is kept by the kernel; only a machine without power would need the disk.
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '300',
  listen_addresses: '',
  port: '5432',
  timezone: 'UTC',
  dynamic_shared_memory_type: 'mmap',
  min_wal_size: '32MB',
};

const copy = promisify(execFile);

/** Makes a cluster in a folder, from nothing or as a copy of one that is stopped. It does not run yet. */
export async function makeCluster(dataDir: string, from?: Cluster): Promise<Cluster> {
  const places = await makePlaces(dataDir);
  // The account is given this pipe too, so it must be there; nobody keeps the seat.
  (await takeSeat(places)).release();
  const binaries = findBinaries();
  const libraryPath = await linkLibraries(binaries, places.lib);
  const account = await chooseAccount(places, binaries, libraryPath);
  const ground: Ground = { places, binaries, libraryPath, account };
  if (from) await copy('cp', ['-a', from.data, places.data]);
  else await initialise(ground, 120_000);
  return clusterOn(ground);
}

function clusterOn({ places, binaries, libraryPath, account }: Ground): Cluster {
  const config = (database: string): EmbeddedConfig => ({
    host: places.socketDir,
    port: 5432,
    user: 'postgres',
    database,
  });
  let server: ChildProcess | undefined;
  let words = '';
  const runs = () => server !== undefined && server.exitCode === null && server.signalCode === null;

  async function ask(database: string, statement: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ ...config(database), ssl: false });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(statement)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  async function launch(): Promise<void> {
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const program = [...account.front, binaries.postgres, '-D', places.data, '-k', places.socketDir];
    const script = 'export LD_LIBRARY_PATH="$1"; shift; exec "$@"';
    words = '';
    server = spawn('/bin/sh', ['-c', script, 'sh', libraryPath, ...program, ...flags], {
      ...account.ids,
      cwd: '/',
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.stderr?.on('data', (chunk) => {
      words += chunk;
    });
    await until(() => words.includes('ready to accept connections') || !runs(), {
      timeoutMs: 120_000,
      what: 'Postgres is ready',
    });
  }

  return {
    data: places.data,
    config,
    url: (database) =>
      `postgres://postgres@localhost/${database}?host=${encodeURIComponent(places.socketDir)}`,
    start: async () => {
      // The children of a server that was killed may take a moment to leave its memory.
      for (let attempt = 1; ; attempt += 1) {
        await clearStale(places);
        await launch();
        if (runs()) return;
        if (attempt === 20) throw new Error(`Postgres did not start: ${words}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    },
    stop: async () => {
      server?.kill('SIGINT');
      await until(() => !runs(), { timeoutMs: 120_000, what: 'Postgres has stopped' });
    },
    kill: async () => {
      const pid = server?.pid ?? 0;
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
      server?.kill('SIGKILL');
      for (const child of children.split(' ').filter(Boolean)) tryToKill(Number(child));
      await until(() => !runs(), { what: 'Postgres is killed' });
    },
    runs,
    said: (text) => words.includes(text),
    ask,
  };
}

function tryToKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone by itself.
  }
}
