import { createRedisBackend, type Job, type Queue, withBackend } from 'bullmq';
import { Redis } from 'ioredis';

export interface UsualJob {
  editionId: number;
  subscriberId: number;
}

const name = 'usual';

export function openUsualQueue(redisUrl: string): { queue: Queue<UsualJob>; close(): Promise<void> } {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const { Queue } = withBackend(createRedisBackend);
  const queue = new Queue<UsualJob>(name, { connection });
  return {
    queue: queue as unknown as Queue<UsualJob>,
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}

export async function workUsualQueue(
  redisUrl: string,
  jobsAtOnce: number,
  deed: (job: UsualJob) => Promise<void>,
): Promise<{ close(): Promise<void> }> {
  const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const { Worker } = withBackend(createRedisBackend);
  const worker = new Worker<UsualJob>(name, (job: Job<UsualJob>) => deed(job.data), {
    connection,
    concurrency: jobsAtOnce,
  });
  await worker.waitUntilReady();
  return {
    close: async () => {
      await worker.close();
      connection.disconnect();
    },
  };
}
