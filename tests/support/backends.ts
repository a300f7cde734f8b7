import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { QueueAddress } from '../../src/platform/queue/queue.ts';
import { testDatabase } from './database.ts';

export interface Backend {
  name: 'postgres' | 'redis';
  /** A place of one's own for queues: a database of its own, or a prefix of its own. */
  claim(): Promise<{ address: QueueAddress; prefix: string; close(): Promise<void> }>;
}

const redisUrl = inject('redisUrl');

/** The queue's backends on this machine, for `describe.each`. */
export const backends: Backend[] = [
  {
    name: 'postgres',
    claim: async () => {
      const { config, close } = await testDatabase({ max: 1 });
      return { address: { postgres: config }, prefix: freshPrefix(), close };
    },
  },
  ...(redisUrl
    ? [
        {
          name: 'redis' as const,
          claim: async () => ({ address: { redisUrl }, prefix: freshPrefix(), close: async () => {} }),
        },
      ]
    : []),
];

function freshPrefix(): string {
  return `{dateline-${randomBytes(4).toString('hex')}}`;
}
