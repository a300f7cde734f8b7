import type { BullQueue, Ground } from './ground.ts';
import { type JobName, jobId, jobs, type Payload, type QueueName, queueNames } from './jobs.ts';
import { openOnPostgres, type PostgresAddress } from './on-postgres.ts';
import { openOnRedis } from './on-redis.ts';
import { atMost, within } from './patience.ts';
import { type Deeds, startWork, type Trouble, type Workload } from './work.ts';

export type QueueAddress = { redisUrl: string } | { postgres: PostgresAddress };

export interface QueuesOptions {
  /** Of all keys in Redis; the braces keep a cluster's keys together. */
  prefix?: string;
  /** Told of connections that break; they are opened again without end. */
  onError?: (error: Error) => void;
}

/** When a job rings by itself: every so often, or by a cron pattern in a time zone. */
export type Rhythm = { everyMs: number } | { cron: string; tz: string };

export interface Depth {
  waiting: number;
  delayed: number;
  active: number;
}

export interface Queues {
  /**
   * Rings a bell. A job that waits, is to be tried again or runs under the same id swallows it: what must not be lost
   * stands in the database, and `rescue` rings again. A bell for later has an id of its own, so a job may ring itself
   * for later, and one that is due sooner is not swallowed. Throws within some 2 s when the queue is down.
   */
  ring<J extends JobName>(name: J, payload: Payload<J>, options?: { delayMs?: number }): Promise<void>;
  /** Rings one job for many payloads, in as few round trips as can be. */
  ringAll<J extends JobName>(name: J, payloads: Payload<J>[], options?: { delayMs?: number }): Promise<void>;
  /** Lets `hands` jobs of a queue run at once in this process until the workload is closed. */
  work<Q extends QueueName>(
    queue: Q,
    options: { hands: number },
    deeds: Deeds<Q>,
    onTrouble: (trouble: Trouble) => void,
  ): Workload;
  /** Sets or renews a schedule. Safe to repeat: the next ring stays where it was, and an emptied Redis gets it back. */
  schedule(schedule: { name: string; job: JobName & ('tick' | 'rescue' | 'prune') } & Rhythm): Promise<void>;
  /** Resolves when the queue answers, throws within 2 s when not. */
  ping(): Promise<void>;
  depths(): Promise<Record<QueueName, Depth>>;
  /** Closes the workloads that are still open, then the connections. Safe to call twice. */
  close(): Promise<void>;
}

const replyTimeoutMs = 2_000;
const bulkTimeoutMs = 15_000;
const closeTimeoutMs = 5_000;
const bulkMax = 500;
/** Bells for later that are due this close together are one. */
const laterWithinMs = 5_000;
/** BullMQ keeps a log of events that nobody here reads. */
const eventsKept = 100;

/** Opens the queues on Redis or on Postgres. Throws a sentence that says what to do when the store is unfit. */
export async function openQueues(address: QueueAddress, options: QueuesOptions = {}): Promise<Queues> {
  const { prefix = '{dateline}', onError = () => {} } = options;
  const ground =
    'redisUrl' in address
      ? await openOnRedis(address.redisUrl, prefix, onError)
      : await openOnPostgres(address.postgres, onError);
  const queues = await openAll(ground, onError);
  const workloads = new Set<Workload>();
  let closing: Promise<void> | undefined;

  return {
    ring: async (name, payload, { delayMs } = {}) => {
      const { data, opts } = entry(name, payload, delayMs);
      await within(replyTimeoutMs, queues[jobs[name].queue].add(name, data, opts));
    },
    ringAll: async (name, payloads, { delayMs } = {}) => {
      for (let from = 0; from < payloads.length; from += bulkMax) {
        const entries = payloads.slice(from, from + bulkMax).map((payload) => entry(name, payload, delayMs));
        const [only] = entries;
        // On Postgres a bulk makes tables of its own: ten times the cost of one.
        const added =
          only && entries.length === 1
            ? queues[jobs[name].queue].add(only.name, only.data, only.opts)
            : queues[jobs[name].queue].addBulk(entries);
        await within<unknown>(bulkTimeoutMs, added);
      }
    },
    work: (queue, { hands }, deeds, onTrouble) => {
      const workload = startWork(ground, queue, hands, deeds, onTrouble);
      workloads.add(workload);
      return workload;
    },
    schedule: (schedule) => upsertSchedule(queues[jobs[schedule.job].queue], schedule),
    ping: () => within(replyTimeoutMs, ground.ping()),
    depths: () => within(replyTimeoutMs, countAll(queues)),
    close: () => {
      closing ??= closeAll(ground, queues, workloads);
      return closing;
    },
  };
}

type QueueByName = Record<QueueName, BullQueue>;

async function openAll(ground: Ground, onError: (error: Error) => void): Promise<QueueByName> {
  const open = (name: QueueName): BullQueue => {
    const queue = ground.queue(name, { streams: { events: { maxLen: eventsKept } } });
    queue.on('error', onError);
    return queue;
  };
  const queues = Object.fromEntries(queueNames.map((name) => [name, open(name)])) as QueueByName;
  await Promise.all(Object.values(queues).map((queue) => queue.waitUntilReady()));
  return queues;
}

function entry<J extends JobName>(name: J, payload: Payload<J>, delayMs: number | undefined) {
  const { attempts, backoffMs } = jobs[name];
  const id = jobId(name, payload);
  const opts = tries(attempts, backoffMs);
  if (delayMs === undefined || delayMs <= 0) return { name, data: payload, opts: { ...opts, jobId: id } };
  const dueMs = performance.timeOrigin + performance.now() + delayMs;
  const laterId = `${id}-at-${Math.ceil(dueMs / laterWithinMs)}`;
  return { name, data: payload, opts: { ...opts, jobId: laterId, delay: Math.ceil(delayMs) } };
}

function tries(attempts: number, backoffMs: number) {
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 },
    // A finished job that is kept would swallow the next ring under its id.
    removeOnComplete: true,
    removeOnFail: true,
    // What went wrong is logged by the worker; in the store it might carry an address.
    stackTraceLimit: 0,
  };
}

async function upsertSchedule(queue: BullQueue, schedule: Parameters<Queues['schedule']>[0]): Promise<void> {
  const { attempts, backoffMs } = jobs[schedule.job];
  const rhythm =
    'everyMs' in schedule ? { every: schedule.everyMs } : { pattern: schedule.cron, tz: schedule.tz };
  const template = { name: schedule.job, data: {}, opts: tries(attempts, backoffMs) };
  try {
    await within(replyTimeoutMs, queue.upsertJobScheduler(schedule.name, rhythm, template));
  } catch (error) {
    // Another process has just set the same schedule, so its next ring is already there.
    const { code } = error as { code?: number };
    if (code !== schedulerJobIdCollision && code !== schedulerJobSlotsBusy) throw error;
  }
}

/** BullMQ's `ErrorCode`, which it exports only as a type that needs an enum. */
const schedulerJobIdCollision = -10;
const schedulerJobSlotsBusy = -11;

async function countAll(queues: QueueByName): Promise<Record<QueueName, Depth>> {
  const count = async (name: QueueName): Promise<[QueueName, Depth]> => {
    const counts = await queues[name].getJobCounts('waiting', 'delayed', 'active');
    const { waiting = 0, delayed = 0, active = 0 } = counts;
    return [name, { waiting, delayed, active }];
  };
  return Object.fromEntries(await Promise.all(queueNames.map(count))) as Record<QueueName, Depth>;
}

async function closeAll(ground: Ground, queues: QueueByName, workloads: Set<Workload>): Promise<void> {
  await Promise.all([...workloads].map((workload) => workload.close()));
  const ends = Object.values(queues).map((queue) => queue.close());
  await atMost(closeTimeoutMs, Promise.all(ends).then(ground.close));
}
