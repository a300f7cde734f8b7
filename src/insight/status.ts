import type { Context } from '../context.ts';
import { slotName } from '../editions/edition.ts';
import { listEditions } from '../editions/find.ts';
import { nextSlots } from '../newsletters/calendar.ts';
import { listNewsletters } from '../newsletters/find.ts';
import type { Depth } from '../platform/queue/queue.ts';
import { livingWorkers } from '../platform/queue/workers.ts';
import { type Health, health } from './health.ts';

export interface Status {
  health: Health;
  workers: { id: number; host: string; pid: number; roles: string[]; heartbeat_at: string }[];
  queues: Record<string, Depth>;
  newsletters: {
    slug: string;
    active: number;
    next_slot: string | null;
    last_edition: { name: string; state: string } | null;
  }[];
  letters_waiting: number;
}

/** One look at the whole installation. Changes nothing. */
export async function status(ctx: Context): Promise<Status> {
  const now = ctx.clock.now();
  const state = await health(ctx);
  const workers = await livingWorkers(ctx.db, now);
  const newsletters = await listNewsletters(ctx.db);
  const active = await activeByNewsletter(ctx);
  return {
    health: state,
    workers: workers.map(({ id, host, pid, roles, heartbeatAt }) => ({
      id,
      host,
      pid,
      roles,
      heartbeat_at: heartbeatAt.toISOString(),
    })),
    queues: state.queue === 'ok' ? await ctx.queues.depths() : {},
    newsletters: await Promise.all(
      newsletters.map(async (one) => {
        const [slot] = nextSlots(one.calendar, one.timeZone, now, 1);
        const [edition] = await listEditions(ctx.db, { newsletterId: one.id, limit: 1 });
        return {
          slug: one.slug,
          active: active.get(one.id) ?? 0,
          next_slot: one.state === 'archived' ? null : (slot?.at.toISOString() ?? null),
          last_edition: edition ? { name: slotName(edition), state: edition.state } : null,
        };
      }),
    ),
    letters_waiting: await lettersWaiting(ctx),
  };
}

async function activeByNewsletter(ctx: Context): Promise<Map<number, number>> {
  const rows = await ctx.db
    .selectFrom('subscriptions')
    .select(['newsletter_id', ({ fn }) => fn.countAll<number>().as('n')])
    .where('state', '=', 'active')
    .groupBy('newsletter_id')
    .execute();
  return new Map(rows.map((row) => [row.newsletter_id, Number(row.n)]));
}

async function lettersWaiting(ctx: Context): Promise<number> {
  const row = await ctx.db
    .selectFrom('letters')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .where('state', 'in', ['queued', 'deferred', 'sending'])
    .executeTakeFirstOrThrow();
  return Number(row.n);
}
