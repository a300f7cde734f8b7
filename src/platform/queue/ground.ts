import type { Job, Queue, QueueOptions, WorkerOptions } from 'bullmq';
import type { QueueName } from './jobs.ts';

/** What a queue needs of the store below it, whichever that is. */
export interface Ground {
  queue(name: QueueName, options: Omit<QueueOptions, 'connection'>): BullQueue;
  worker(
    name: QueueName,
    deed: (job: Job) => Promise<void>,
    options: Omit<WorkerOptions, 'connection'>,
  ): BullWorker;
  ping(): Promise<void>;
  /** After the queues and workers are closed. */
  close(): Promise<void>;
}

/** The part of BullMQ's queue that is used; its type names the backend otherwise. */
export type BullQueue = Pick<
  Queue,
  'name' | 'add' | 'addBulk' | 'upsertJobScheduler' | 'getJobCounts' | 'waitUntilReady' | 'close'
> & { on(event: 'error', listener: (error: Error) => void): unknown };

export interface BullWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<void>;
  pause(doNotWaitActive: boolean): Promise<void>;
  close(force?: boolean): Promise<void>;
}
