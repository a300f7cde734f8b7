import { z } from 'zod';

// The catalogue: which jobs exist, what they may carry and how often they are tried. A job carries ids and says "look
// at these rows"; what is true stands in the database.

export const queueNames = ['letters', 'articles', 'editions', 'deliveries', 'upkeep'] as const;
export type QueueName = (typeof queueNames)[number];

const id = z.int().positive();
/** What comes by the hundred shares a bell: a job costs more than most of what it does. */
export const idsPerJobMax = 100;
const ids = z.array(id).min(1).max(idsPerJobMax);
const seconds = 1_000;

/** `attempts` counts the first one; the waits between them double, beginning with `backoffMs`, less up to half. */
interface JobEntry<P extends z.ZodObject> {
  queue: QueueName;
  payload: P;
  attempts: number;
  backoffMs: number;
}

/**
 * Where each job goes and what it carries. What fails to the end is rung again by `rescue` as long as its rows ask
 * for it, so the attempts only have to outlast a short fault.
 */
export const jobs = {
  'answer-sign-up': job('letters', { signUpIds: ids }, 6, 2 * seconds),
  'send-confirmation': job('letters', { letterIds: ids }, 6, 2 * seconds),
  'send-notice': job('letters', { letterIds: ids }, 6, 2 * seconds),
  'send-welcome': job('letters', { letterIds: ids }, 6, 2 * seconds),
  'poll-source': job('articles', { sourceId: id }, 2, 5 * seconds),
  assemble: job(
    'editions',
    { newsletterId: id, kind: z.enum(['regular', 'weekly']), slotDate: z.iso.date(), seq: id },
    5,
    5 * seconds,
  ),
  compose: job('editions', { editionId: id, revision: id }, 4, 5 * seconds),
  'start-send': job('editions', { editionId: id }, 6, 2 * seconds),
  /** `after`: the highest subscriber id that already has its row. */
  'fan-out': job('editions', { editionId: id, after: z.int().nonnegative() }, 8, 1 * seconds),
  deliver: job('deliveries', { editionId: id, batchNo: id }, 5, 2 * seconds),
  retry: job('deliveries', { editionId: id }, 3, 5 * seconds),
  'gather-data': job('upkeep', { subscriberId: id }, 4, 5 * seconds),
  tick: job('upkeep', {}, 1, 0),
  rescue: job('upkeep', {}, 1, 0),
  prune: job('upkeep', {}, 2, 60 * seconds),
};

export type JobName = keyof typeof jobs;
export type Payload<J extends JobName> = z.output<(typeof jobs)[J]['payload']>;
/** The jobs of one queue. */
export type JobOf<Q extends QueueName> = {
  [J in JobName]: (typeof jobs)[J] extends { queue: Q } ? J : never;
}[JobName];

export const jobNames = Object.keys(jobs) as JobName[];

/**
 * The same job for the same rows has the same id, so ringing twice while it waits adds nothing: `deliver-12-3`.
 * Throws when the payload is not of the job's shape.
 */
export function jobId<J extends JobName>(name: J, payload: Payload<J>): string {
  const { shape } = jobs[name].payload;
  const checked: Record<string, unknown> = jobs[name].payload.parse(payload);
  return [name, ...Object.keys(shape).map((key) => idPart(checked[key]))].join('-');
}

/** Of many rows the first, the last and how many. */
function idPart(value: unknown): string {
  if (!Array.isArray(value) || value.length < 2) return String(value);
  return `${value[0]}-${value.at(-1)}-${value.length}`;
}

/** Rows for one job each, in their order. */
export function perJob(ids: readonly number[]): number[][] {
  const groups: number[][] = [];
  for (let from = 0; from < ids.length; from += idsPerJobMax)
    groups.push(ids.slice(from, from + idsPerJobMax));
  return groups;
}

function job<Q extends QueueName, S extends z.ZodRawShape>(
  queue: Q,
  shape: S,
  attempts: number,
  backoffMs: number,
): JobEntry<z.ZodObject<S, z.core.$strict>> & { queue: Q } {
  return { queue, payload: z.strictObject(shape), attempts, backoffMs };
}
