import type { Context } from '../context.ts';
import { perJob } from '../platform/queue/jobs.ts';
import { isLetterKind, letterJobs } from './letter-kinds.ts';

/** Rings for letters that are due, those of a kind together. Throws when the queue is down; `rescue` rings again. */
export async function ringLetters(
  ctx: Context,
  letters: readonly { id: number; kind: string }[],
): Promise<void> {
  const byJob = new Map<(typeof letterJobs)[keyof typeof letterJobs], number[]>();
  for (const { id, kind } of letters) {
    if (!isLetterKind(kind)) continue;
    const job = letterJobs[kind];
    byJob.set(job, [...(byJob.get(job) ?? []), id]);
  }
  for (const [job, letterIds] of byJob) {
    await ctx.queues.ringAll(
      job,
      perJob(letterIds).map((group) => ({ letterIds: group })),
    );
  }
}
