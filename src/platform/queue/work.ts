import { type Job, UnrecoverableError } from 'bullmq';
import type { BullWorker, Ground } from './ground.ts';
import { type JobName, type JobOf, jobs, type Payload, type QueueName } from './jobs.ts';
import { atMost } from './patience.ts';

/** What each job of a queue does. Returning means settled, throwing means "try me again". */
export type Deeds<Q extends QueueName> = { [J in JobOf<Q>]: (payload: Payload<J>) => Promise<void> };

/** What a worker has to tell; the caller chooses how loud. Error texts may quote addresses: mask before logging. */
export type Trouble =
  /** The deed threw. `again` = it will be tried again; otherwise only `rescue` will. */
  | { kind: 'failed'; job: JobName; id: string; attempt: number; again: boolean; error: Error }
  /** A job that this program does not know, or whose payload has another shape: thrown away. */
  | { kind: 'dropped'; job: string; id: string; error: Error }
  /** The job was done and its key had gone, as after FLUSHALL, or another worker had taken it over. Harmless. */
  | { kind: 'gone'; error: Error }
  /** The store is away or complains. Told at most every 10 s while it says the same. */
  | { kind: 'store'; error: Error };

export interface Workload {
  /** Takes no more jobs and waits for those in hand, at most 16 s, and 2 s to settle; with `force` it does not wait. Safe to call twice. */
  close(force?: boolean): Promise<void>;
}

const lockDurationMs = 30_000;
const stalledIntervalMs = 15_000;
/** A job whose worker died this often is given up, since it may be what kills them. */
const stalledMax = 3;
const storeRetryMs = 1_000;
const sameErrorMs = 10_000;
const messagesKept = 50;
const handsTimeoutMs = 16_000;
/** BullMQ's own close waits without end while the store is away. */
const settleTimeoutMs = 2_000;

export function startWork<Q extends QueueName>(
  ground: Ground,
  queue: Q,
  hands: number,
  deeds: Deeds<Q>,
  onTrouble: (trouble: Trouble) => void,
): Workload {
  const tell = quieten(onTrouble);
  const options = {
    concurrency: hands,
    lockDuration: lockDurationMs,
    stalledInterval: stalledIntervalMs,
    maxStalledCount: stalledMax,
    runRetryDelay: storeRetryMs,
  };
  const inHand = new Set<Promise<void>>();
  const run = (job: Job): Promise<void> => {
    const running = runJob(job, deeds, onTrouble).finally(() => inHand.delete(running));
    inHand.add(running);
    return running;
  };
  let closed = false;
  let closing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let worker: BullWorker;

  const start = (): void => {
    const started = ground.worker(queue, run, options);
    worker = started;
    started.on('error', tell);
    // BullMQ remembers a first connection that failed for ever, so such a worker is replaced.
    started.waitUntilReady().catch((error: Error) => {
      if (closed) return;
      tell(error);
      void atMost(settleTimeoutMs, started.close(true));
      timer = setTimeout(start, storeRetryMs);
    });
  };
  start();

  const end = async (force: boolean): Promise<void> => {
    closed = true;
    clearTimeout(timer);
    if (!force) {
      await worker.pause(true);
      await atMost(handsTimeoutMs, Promise.allSettled(inHand));
    }
    await atMost(settleTimeoutMs, worker.close(force || inHand.size > 0));
  };
  return {
    close: (force = false) => {
      closing ??= end(force);
      return closing;
    },
  };
}

async function runJob<Q extends QueueName>(
  job: Job,
  deeds: Deeds<Q>,
  onTrouble: (trouble: Trouble) => void,
): Promise<void> {
  const id = job.id ?? job.name;
  const entry = (jobs as Record<string, (typeof jobs)[JobName] | undefined>)[job.name];
  const deed = (deeds as Record<string, ((payload: unknown) => Promise<void>) | undefined>)[job.name];
  const parsed = entry?.payload.safeParse(job.data);
  if (!deed || !parsed?.success) {
    const why = deed ? 'its payload has another shape' : 'this worker has no such job';
    const error = new UnrecoverableError(`${job.name} dropped: ${why}`);
    onTrouble({ kind: 'dropped', job: job.name, id, error });
    throw error;
  }
  try {
    await deed(parsed.data);
  } catch (error) {
    const attempt = job.attemptsMade + 1;
    const again = attempt < (job.opts.attempts ?? 1);
    onTrouble({ kind: 'failed', job: job.name as JobName, id, attempt, again, error: asError(error) });
    // BullMQ stores the text, where an address in it would stay.
    throw new Error('the deed failed; the log says why');
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** JobNotExist, JobLockNotExist, JobNotInState, JobLockMismatch of BullMQ's `ErrorCode`. */
const goneCodes = new Set<unknown>([-1, -2, -3, -6]);

function quieten(onTrouble: (trouble: Trouble) => void): (error: Error) => void {
  const toldAt = new Map<string, number>();
  return (error) => {
    const { code } = error as { code?: unknown };
    if (goneCodes.has(code) || error.message.startsWith('could not renew lock')) {
      onTrouble({ kind: 'gone', error });
      return;
    }
    const now = performance.now();
    if (now - (toldAt.get(error.message) ?? Number.NEGATIVE_INFINITY) < sameErrorMs) return;
    if (toldAt.size >= messagesKept) toldAt.clear();
    toldAt.set(error.message, now);
    onTrouble({ kind: 'store', error });
  };
}
