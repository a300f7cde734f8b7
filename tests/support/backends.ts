import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import type { QueueAddress } from '../../src/platform/queue/queue.ts';
import { testDatabase } from './database.ts';

export interface Backend {
  name: 'postgres' | 'redis';
  /** A place of one's own for queues: a database of its own, or a prefix of its own. */
  claim(): Promise<Place>;
}

export interface Place {
  address: QueueAddress;
  prefix: string;
  /** All that the store keeps of the jobs, as one text: to look for what must not be in it. */
  dump(): Promise<string>;
  close(): Promise<void>;
}

const redisUrl = inject('redisUrl');

/** The queue's backends on this machine, for `describe.each`. */
export const backends: Backend[] = [
  {
    name: 'postgres',
    claim: claimOnPostgres,
  },
  ...(redisUrl ? [{ name: 'redis' as const, claim: () => claimOnRedis(redisUrl) }] : []),
];

async function claimOnPostgres(): Promise<Place> {
  const { config, pool, close } = await testDatabase({ max: 1 });
  const dump = async (): Promise<string> => {
    const { rows } = await pool.query(
      'select to_jsonb(job) from bullmq.job union all select to_jsonb(event) from bullmq.event',
    );
    return JSON.stringify(rows);
  };
  return { address: { postgres: config }, prefix: freshPrefix(), dump, close };
}

async function claimOnRedis(redisUrl: string): Promise<Place> {
  const prefix = freshPrefix();
  const client = new Redis(redisUrl);
  const keys = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const some of client.scanStream({ match: `${prefix}*`, count: 500 })) found.push(...some);
    return found;
  };
  const dump = async (): Promise<string> => {
    const values = (await keys()).map(async (key) => {
      const type = await client.type(key);
      if (type === 'hash') return await client.hgetall(key);
      if (type === 'stream') return await client.xrange(key, '-', '+');
      return key;
    });
    return JSON.stringify(await Promise.all(values));
  };
  const close = async (): Promise<void> => {
    const left = await keys();
    if (left.length > 0) await client.unlink(left);
    client.disconnect();
  };
  return { address: { redisUrl }, prefix, dump, close };
}

function freshPrefix(): string {
  return `{dateline-${randomBytes(4).toString('hex')}}`;
}
