import { createRedisBackend, withBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import type { Ground } from './ground.ts';
import { QueueAway } from './queue-away.ts';
import { refuseUnfitRedis } from './refuse-unfit-redis.ts';

const connectTimeoutMs = 2_000;
/** The producer's patience: a request must get its answer. Workers wait as long as it takes. */
const replyTimeoutMs = 2_000;
const openTimeoutMs = 5_000;
const reconnectMs = { min: 100, max: 2_000 };

/**
 * Two connections: one for ringing, that fails at once while Redis is away, and one for the workers (each adds a
 * blocking one of its own), that waits. Both reconnect for ever. Throws `QueueAway` when Redis cannot be reached within 5 s, and
 * another error when it is older than 6.2 or would evict keys.
 */
export async function openOnRedis(
  url: string,
  prefix: string,
  onError: (error: Error) => void,
): Promise<Ground> {
  const ringing = open(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: replyTimeoutMs,
  });
  const working = open(url, { maxRetriesPerRequest: null });
  const disconnect = (): void => {
    for (const client of [ringing, working]) client.disconnect();
  };
  try {
    for (const client of [ringing, working]) await becomeReady(client, url, onError);
    refuseUnfitRedis(await ringing.info('server'), await ringing.info('memory'));
  } catch (error) {
    disconnect();
    throw error;
  }
  const { Queue, Worker } = withBackend(createRedisBackend);
  return {
    queue: (name, options) => new Queue(name, { ...options, prefix, connection: ringing }),
    worker: (name, deed, options) => new Worker(name, deed, { ...options, prefix, connection: working }),
    ping: async () => void (await ringing.ping()),
    close: async () => disconnect(),
  };
}

function open(url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const client = new Redis(url, {
    ...options,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    retryStrategy: (times: number) => Math.min(reconnectMs.min * 2 ** (times - 1), reconnectMs.max),
  });
  // Each queue and worker listens for the connection's events.
  client.setMaxListeners(0);
  return client;
}

/** Until it is ready its errors are one sentence of ours; then they are `onError`'s. */
async function becomeReady(client: Redis, url: string, onError: (error: Error) => void): Promise<void> {
  let last = 'no answer';
  const remember = (error: Error): void => {
    last = error.message;
  };
  client.on('error', remember);
  // It goes on trying after a first refusal, so only `ready` counts.
  client.connect().catch(() => {});
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      const { host } = new URL(url);
      reject(new QueueAway(`cannot reach Redis at ${host} (REDIS_URL) within ${openTimeoutMs} ms: ${last}`));
    }, openTimeoutMs);
    client.once('ready', () => {
      clearTimeout(timer);
      client.on('error', onError);
      client.off('error', remember);
      resolve();
    });
  });
}
