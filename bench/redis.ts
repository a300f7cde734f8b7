import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Beside, start } from './child.ts';
import { freePort } from './free-port.ts';

export interface OwnRedis {
  url: string;
  pid: number;
  version: string;
  /** What Redis has allocated, in bytes. */
  usedBytes(): Promise<number>;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** A Redis of the bench's own on a free loopback port, writing an append-only file once a second as in production. */
export async function openRedis(dir: string): Promise<OwnRedis> {
  const version = redisVersion();
  const port = await freePort();
  const folder = join(dir, 'redis');
  mkdirSync(folder);
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server: Beside = await start({ file: 'redis-server', args }, /Ready to accept connections/);
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { maxRetriesPerRequest: 1 });
  client.on('error', () => {});
  return {
    url,
    pid: server.pid,
    version,
    usedBytes: async () => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]),
    empty: async () => void (await client.flushall()),
    close: async () => {
      client.disconnect();
      await server.end();
    },
  };
}

function redisVersion(): string {
  try {
    const words = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return /v=([\d.]+)/.exec(words)?.[1] ?? 'unknown';
  } catch (error) {
    throw new Error('The bench needs redis-server on the PATH (Debian: apt install redis-server).', {
      cause: error,
    });
  }
}
