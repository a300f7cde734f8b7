import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Sample } from '../platform/metrics.ts';
import { livingWorkers } from '../platform/queue/workers.ts';

/**
 * What the ledger and the queue say of all processes together: depth and age, never by edition or reader. Told by the web role
 * alone, so that a sum over all pages does not count it twice. A queue that is away is left out, and the rest stands.
 */
export async function ledgerSamples(ctx: Context): Promise<Sample[]> {
  const now = ctx.clock.now();
  const workers = await livingWorkers(ctx.db, now);
  const { rows } = await sql<{
    batches: number;
    batch_seconds: number;
    letters: number;
    letter_seconds: number;
    open: number;
    paused: number;
  }>`
    with batches as (
      select count(*) as n, min(b.due_at) as oldest from delivery_batches b join editions e on e.id = b.edition_id
      where b.done_at is null and b.worker_id is null and b.due_at <= ${now} and e.state in ('sending', 'sent')
    ), waiting as (
      select count(*) as n, min(due_at) as oldest from letters where state in ('queued', 'deferred')
    ), under_way as (
      select coalesce(sum(c.queued + c.deferred), 0) as n from sends s
      join send_counts c on c.edition_id = s.edition_id where s.finished_at is null
    )
    select (select count(*) from editions where state = 'paused') as paused, b.n as batches, ${secondsSince('b.oldest', now)} as batch_seconds,
      w.n as letters, ${secondsSince('w.oldest', now)} as letter_seconds, u.n::bigint as open
    from batches b, waiting w, under_way u`.execute(ctx.db);
  const found = rows[0];
  return [
    { name: 'dateline_workers', value: workers.filter((one) => one.roles.includes('worker')).length },
    { name: 'dateline_batches_waiting', value: found?.batches ?? 0 },
    { name: 'dateline_oldest_batch_seconds', value: found?.batch_seconds ?? 0 },
    { name: 'dateline_letters_waiting', value: found?.letters ?? 0 },
    { name: 'dateline_oldest_letter_seconds', value: found?.letter_seconds ?? 0 },
    { name: 'dateline_deliveries_open', value: found?.open ?? 0 },
    { name: 'dateline_sends_paused', value: found?.paused ?? 0 },
    ...(await queueSamples(ctx)),
  ];
}

function secondsSince(column: 'b.oldest' | 'w.oldest', now: Date) {
  return sql`greatest(0, coalesce(extract(epoch from ${now}::timestamptz - ${sql.ref(column)}), 0))::float8`;
}

async function queueSamples(ctx: Context): Promise<Sample[]> {
  const depths = await ctx.queues.depths().catch(() => undefined);
  return Object.entries(depths ?? {}).flatMap(([queue, depth]) =>
    (['waiting', 'delayed', 'active'] as const).map((state) => ({
      name: 'dateline_queue_jobs' as const,
      labels: { queue, state },
      value: depth[state],
    })),
  );
}
