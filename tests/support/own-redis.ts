import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export const redisServerFound = spawnSync('redis-server', ['--version']).status === 0;

export interface OwnRedis {
  url: string;
  /** Starts it again on the same port after `kill`, empty. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Holds it still: it takes connections and answers nothing. */
  freeze(): void;
  thaw(): void;
}

/** A private `redis-server` on a free loopback port that keeps nothing on disk. */
export async function startRedis(...args: string[]): Promise<OwnRedis> {
  const port = await freePort();
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    const inMemory = ['--save', '', '--appendonly', 'no'];
    child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', ...inMemory, ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let words = '';
    child.stdout?.on('data', (chunk) => {
      words += chunk;
    });
    await until(() => words.includes('Ready to accept connections'), { what: 'redis-server is ready' });
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    kill: async () => {
      child.kill('SIGKILL');
      await until(() => child.exitCode !== null || child.signalCode !== null, { what: 'redis-server ended' });
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
  };
}
