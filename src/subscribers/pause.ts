import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordEvents } from './events.ts';
import { lockSubscriber, priorColumns } from './queries.ts';

export const pauseDaysMax = 180;
const dayMs = 24 * 60 * 60_000;

/**
 * Lets a subscription wait: nothing is sent until then, and it goes on by itself. `until: undefined` ends a pause at once.
 * Either way the first edition afterwards says so, and brings what was missed. Safe to run twice.
 *
 * @returns whether this call changed anything; someone who is not subscribed has nothing to pause.
 * @throws Refusal 422 when the pause lies in the past or is longer than 180 days.
 */
export function pause(
  ctx: Context,
  what: { subscriberId: number; newsletterId: number; until: Date | undefined; actor: string },
  db: Db = ctx.db,
): Promise<boolean> {
  const now = ctx.clock.now();
  const { until } = what;
  if (until && (until <= now || until.getTime() > now.getTime() + pauseDaysMax * dayMs)) {
    throw new Refusal(422, 'invalid_pause', `A pause ends within ${pauseDaysMax} days.`, 'paused_until');
  }
  return inTransaction(db, async (tx) => {
    if (!(await lockSubscriber(tx, what.subscriberId))) return false;
    const { rows } = await sql<{ id: number; before: unknown }>`
      with prior as (
        select ${priorColumns} from subscriptions where subscriber_id = ${what.subscriberId}
          and newsletter_id = ${what.newsletterId} and state = 'active'
          and (case when ${until ?? null}::timestamptz is null then paused_until > ${now}::timestamptz
            else paused_until is distinct from ${until ?? null}::timestamptz end)
        for update
      ), moved as (
        update subscriptions s set paused_until = ${until ?? now}, catch_up_since = ${until ?? now} from prior where s.id = prior.id returning s.id
      )
      select moved.id, to_jsonb(prior) as before from moved join prior using (id)`.execute(tx);
    const [changed] = rows;
    if (!changed) return false;
    await recordEvents(tx, [
      {
        subscriberId: what.subscriberId,
        subscriptionId: changed.id,
        kind: until ? 'paused' : 'resumed',
        before: changed.before,
        actor: what.actor,
        at: now,
      },
    ]);
    ctx.log.info({ deed: until ? 'pause' : 'resume', subscriberId: what.subscriberId });
    return true;
  });
}
