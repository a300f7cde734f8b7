import type { Context } from '../src/context.ts';
import { maskAddresses } from '../src/lib/mask.ts';
import type { JobOf, Payload, QueueName } from '../src/platform/queue/jobs.ts';
import type { Deeds, Trouble, Workload } from '../src/platform/queue/work.ts';

/** What each job of a queue does: a deed, callable without a queue. Returning is settled, throwing is "try me again". */
type Plan<Q extends QueueName> = {
  [J in JobOf<Q>]: (ctx: Context, payload: Payload<J>) => Promise<unknown>;
};

/** Puts hands on a queue. */
export function staff<Q extends QueueName>(
  ctx: Context,
  queue: Q,
  plan: { hands: number; deeds: Plan<Q> },
): Workload {
  const deeds = Object.fromEntries(
    Object.entries<(ctx: Context, payload: never) => Promise<unknown>>(plan.deeds).map(([job, deed]) => [
      job,
      async (payload: never) => void (await deed(ctx, payload)),
    ]),
  ) as Deeds<Q>;
  return ctx.queues.work(queue, { hands: plan.hands }, deeds, (trouble) => tell(ctx, queue, trouble));
}

function tell(ctx: Context, queue: QueueName, trouble: Trouble): void {
  const reason = maskAddresses(trouble.error.message);
  switch (trouble.kind) {
    case 'failed': {
      const { job, id, attempt, again } = trouble;
      const trace = maskAddresses(trouble.error.stack ?? '');
      ctx.log[again ? 'warn' : 'error']({ deed: job, id, attempt, again, reason, trace }, 'a job failed');
      return;
    }
    case 'dropped':
      ctx.log.error({ deed: trouble.job, id: trouble.id, reason }, 'a job was dropped');
      return;
    case 'gone':
      ctx.log.debug({ queue, reason }, 'a finished job had no key any more');
      return;
    case 'store':
      ctx.log.warn({ queue, reason }, 'the queue is away');
      return;
  }
}
