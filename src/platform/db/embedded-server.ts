import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync } from 'node:fs';
import { access, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Account } from './embedded-account.ts';
import type { Binaries } from './embedded-binaries.ts';
import type { Places } from './embedded-places.ts';
import type { Seat } from './embedded-seats.ts';

/** All that a program of Postgres needs to run here. */
export interface Ground {
  places: Places;
  binaries: Binaries;
  libraryPath: string;
  account: Account;
}

/** `ended` resolves when the server is gone, at most `stopTimeoutMs` after the last seat was given up. */
export type Started = { kind: 'started'; ended(): Promise<void> } | { kind: 'taken'; why: string };

/**
 * Runs a program and stops it when standard input ends, which also happens when those who hold its other end are killed:
 * first TERM, which a program that has no handlers yet obeys, then INT, the fast shutdown. QUIT when that takes too long.
 */
const watchdog = `
export LD_LIBRARY_PATH="$1" DYLD_LIBRARY_PATH="$1"; shift
exec 3<&0
"$@" 3<&- & pid=$!
{ read -r _ <&3; kill -TERM $pid; kill -INT $pid; sleep 10; kill -QUIT $pid; } >/dev/null 2>&1 & watch=$!
trap '' TERM INT HUP
wait $pid; code=$?
kill $watch 2>/dev/null
exit $code`;

export const stopTimeoutMs = 15_000;
const linesKept = 15;

/** Makes the cluster unless it exists. Whole or not at all: an interrupted run leaves a folder that the next removes. */
export async function initialise({ places, ...ground }: Ground, timeoutMs: number): Promise<void> {
  await removeUnfinished(places.root);
  if (await exists(join(places.data, 'PG_VERSION'))) return;
  const fresh = join(places.root, `initdb-${randomBytes(4).toString('hex')}`);
  const options = ['-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--no-instructions'];
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const run = runWatched({ places, ...ground }, [ground.binaries.initdb, '-D', fresh, ...options, ...locale]);
  const timer = setTimeout(() => run.stdin?.end(), timeoutMs);
  const code = await run.ended;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`initdb could not make a database in ${places.root}: ${run.lastLines()}`);
  await rename(fresh, places.data);
}

async function removeUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith('initdb-')) continue;
    // An initdb whose starter was killed a moment ago may still be writing; what stays is for the next start.
    await rm(join(root, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(
      () => {},
    );
  }
}

/**
 * Starts the server and waits until it takes connections. `taken` = another server has the folder after all. It runs
 * until the last seat is given up, whoever holds it. Throws with the last lines that Postgres wrote when it ends or is
 * not ready in time; the seat is given up then.
 */
export async function startServer(
  ground: Ground,
  seat: Seat,
  { settings, readyTimeoutMs }: { settings: Record<string, string>; readyTimeoutMs: number },
): Promise<Started> {
  const { data, socketDir } = ground.places;
  const chosen = { ...quiet, ...settings, listen_addresses: '', unix_socket_permissions: '0700' };
  const flags = Object.entries(chosen).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const end = seat.openEnd();
  const run = runWatched(ground, [ground.binaries.postgres, '-D', data, '-k', socketDir, ...flags], end);
  closeSync(end);
  const timer = setTimeout(seat.release, readyTimeoutMs);
  const first = await Promise.race([run.said('ready to accept connections'), run.ended]);
  clearTimeout(timer);
  if (first === 'said') return { kind: 'started', ended: run.endedOrCut };
  const words = run.lastLines();
  if (/lock file .* already exists|shared memory block .* is still in use/s.test(words)) {
    return { kind: 'taken', why: words };
  }
  throw new Error(`Postgres did not start in ${data} within ${readyTimeoutMs} ms: ${words}`);
}

const quiet = {
  port: '5432',
  shared_buffers: '64MB',
  max_connections: '100',
  timezone: 'UTC',
  // No disk turns any more. By the default a table of a hundred rows is read whole, and a plan that a connection keeps, as for each
  // foreign key, goes on so while the table grows to thousands.
  random_page_cost: '1.1',
  log_checkpoints: 'off',
  // Failed statements belong to their callers; in the server's log they would carry addresses.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
};

interface Run {
  said(words: string): Promise<'said'>;
  ended: Promise<number>;
  lastLines(): string;
  /** Its end ends the program, unless that reads from elsewhere. */
  stdin: Writable | null;
  /** Waits for the end, and makes one when it takes too long. */
  endedOrCut(): Promise<void>;
}

function runWatched(
  { account, libraryPath }: Ground,
  command: string[],
  stdin: 'pipe' | number = 'pipe',
): Run {
  const child = spawn('/bin/sh', ['-c', watchdog, 'sh', libraryPath, ...account.front, ...command], {
    ...account.ids,
    cwd: '/',
    // Not our environment: PGPORT and its like would change what the server does.
    env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' },
    detached: true,
    stdio: [stdin, 'ignore', 'pipe'],
  }) as ChildProcessByStdio<Writable | null, null, Readable>;
  // A program that forgets to close the server may still end; the end of its standard input stops the server.
  child.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as { unref?(): void } | null)?.unref?.();
  // The watchdog may be gone before the pipe is closed.
  child.stdin?.on('error', () => {});
  const ended = new Promise<number>((resolve) => {
    child.once('exit', (code) => resolve(code ?? -1));
    child.once('error', () => resolve(-1));
  });
  const lines = keepLines(child.stderr);
  return {
    ended,
    said: (words) => lines.said(words),
    lastLines: () => lines.last(),
    stdin: child.stdin,
    endedOrCut: () => endedOrCut(child.pid, ended),
  };
}

async function endedOrCut(pid: number | undefined, ended: Promise<number>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, stopTimeoutMs, 'late');
  });
  const outcome = await Promise.race([ended, late]);
  clearTimeout(timer);
  if (outcome === 'late' && pid) process.kill(-pid, 'SIGKILL');
}

function keepLines(stream: Readable): { said(words: string): Promise<'said'>; last(): string } {
  const lines: string[] = [];
  let rest = '';
  const waiting: { words: string; resolve(value: 'said'): void }[] = [];
  stream.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      for (const { words, resolve } of waiting) if (line.includes(words)) resolve('said');
    }
    lines.splice(0, lines.length - linesKept);
  });
  return {
    said: (words) => new Promise((resolve) => waiting.push({ words, resolve })),
    last: () => [...lines, rest].join('\n').trim() || 'it said nothing',
  };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
