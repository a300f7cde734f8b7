import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { EmbeddedConfig } from '../../src/platform/db/embedded-running.ts';
import { until } from './until.ts';

const script = fileURLToPath(new URL('./hold-postgres.mjs', import.meta.url));
const compiled = fileURLToPath(new URL('../../dist/src/platform/db/embedded.js', import.meta.url));

/** Whether another user can run this project at all: its folder, or Node itself, may be closed. */
export function projectIsOpenTo(uid: number): boolean {
  const look = `require('node:fs').accessSync(${JSON.stringify(script)})`;
  return spawnSync(process.execPath, ['-e', look], { uid, gid: uid, cwd: '/' }).status === 0;
}

export type Said =
  | { kind: 'open'; config: EmbeddedConfig; owner: boolean }
  | { kind: 'refused'; message: string };

export interface Holder {
  pid: number;
  /** What it said when it had the server, or could not have it. */
  said(): Promise<Said>;
  /** Ends it the friendly way and waits until it is gone. */
  end(): Promise<void>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts another process that opens the built-in Postgres of a folder. */
export function holdPostgres(dataDir: string, options: { uid?: number; path?: string } = {}): Holder {
  if (!existsSync(compiled)) throw new Error('dist/ is missing: npm run build');
  const { uid, path = process.env.PATH } = options;
  const child = spawn(process.execPath, [script, dataDir], {
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: { ...process.env, PATH: path },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let words = '';
  child.stdout.on('data', (chunk) => {
    words += chunk;
  });
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    said: async () => {
      await until(() => words.includes('\n') || gone(), { timeoutMs: 40_000, what: 'the holder speaks' });
      return JSON.parse(words) as Said;
    },
    end: async () => {
      child.stdin.end();
      await until(gone, { timeoutMs: 20_000, what: 'the holder ends' });
    },
    kill: async () => {
      child.kill('SIGKILL');
      await until(gone, { what: 'the holder is killed' });
    },
  };
}

/** The processes whose working folder is below this one: the server of a cluster, its children, initdb. Linux only. */
export async function processesIn(dir: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (!cwd.startsWith(dir)) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    found.push({ pid: Number(pid), command: command.replaceAll('\0', ' ') });
  }
  return found;
}

/** How many servers run on this folder; their children call themselves `postgres: …`. */
export async function countServers(dataDir: string): Promise<number> {
  const processes = await processesIn(`${dataDir}/postgres/data`);
  return processes.filter(({ command }) => /\/postgres -D /.test(command)).length;
}
