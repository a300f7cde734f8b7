import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';

/** A web or a worker, as a process of its own. */
export interface Role {
  name: string;
  pid: number;
  runs(): boolean;
  /** SIGKILL, and until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. @returns its exit code and how long it took to end. */
  end(): Promise<{ code: number | null; tookMs: number }>;
}

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const run = promisify(execFile);

/** Starts `dateline <name>`; what it logs goes to a file. */
export function startRole(name: 'web' | 'worker', env: Record<string, string>, log: string): Role {
  const file = openSync(log, 'a');
  const child: ChildProcess = spawn(process.execPath, [cli, name], { env, stdio: ['ignore', file, file] });
  closeSync(file);
  const runs = () => child.exitCode === null && child.signalCode === null;
  return {
    name,
    pid: child.pid ?? 0,
    runs,
    kill: async () => {
      child.kill('SIGKILL');
      await until(() => !runs(), { what: `${name} is killed` });
    },
    end: async () => {
      const startedMs = performance.now();
      child.kill('SIGTERM');
      await until(() => !runs(), { timeoutMs: 60_000, what: `${name} ends` });
      return { code: child.exitCode, tookMs: performance.now() - startedMs };
    },
  };
}

/** Runs one command of `dateline` and reads its JSON. @throws Error with what it said when it fails. */
export async function command<T>(env: Record<string, string>, ...args: string[]): Promise<T> {
  const { stdout } = await run(process.execPath, [cli, '--json', ...args], { env });
  return JSON.parse(stdout) as T;
}
