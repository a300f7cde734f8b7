import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordEvents } from './events.ts';
import { lockSubscriber, priorColumns } from './queries.ts';
import type { Rhythm } from './subscriber.ts';

/**
 * Sets how often, when and about what a subscription writes. Safe to run twice. Who changes how often they read may have been
 * sent part of a week: the next edition looks at what they were sent.
 *
 * @returns whether this call changed anything; someone who is not subscribed has no rhythm.
 */
export function changeRhythm(
  ctx: Context,
  what: { subscriberId: number; newsletterId: number; rhythm: Rhythm; actor: string },
  db: Db = ctx.db,
): Promise<boolean> {
  const now = ctx.clock.now();
  const { frequency, weeklyDay = null, hour = null, topics = null } = what.rhythm;
  const day = frequency === 'weekly' ? (weeklyDay ?? 1) : null;
  const keys = topics && [...topics];
  return inTransaction(db, async (tx) => {
    if (!(await lockSubscriber(tx, what.subscriberId))) return false;
    const { rows } = await sql<{ id: number; before: unknown }>`
      with prior as (
        select ${priorColumns} from subscriptions where subscriber_id = ${what.subscriberId}
          and newsletter_id = ${what.newsletterId} and state = 'active'
          and (frequency, weekly_day, hour, topics) is distinct from
            (${frequency}::text, ${day}::smallint, ${hour}::smallint, ${keys}::text[])
        for update
      ), moved as (
        update subscriptions s set frequency = ${frequency}, weekly_day = ${day}, hour = ${hour}, topics = ${keys}::text[],
          catch_up_since = case when (s.frequency, s.weekly_day) is distinct from (${frequency}::text, ${day}::smallint)
            and coalesce(s.paused_until <= ${now}, true) then ${now}::timestamptz else s.catch_up_since end
        from prior where s.id = prior.id returning s.id
      )
      select moved.id, to_jsonb(prior) as before from moved join prior using (id)`.execute(tx);
    const [changed] = rows;
    if (!changed) return false;
    await recordEvents(tx, [
      {
        subscriberId: what.subscriberId,
        subscriptionId: changed.id,
        kind: 'rhythm_changed',
        before: changed.before,
        actor: what.actor,
        at: now,
      },
    ]);
    ctx.log.info({ deed: 'change-rhythm', subscriberId: what.subscriberId, newsletterId: what.newsletterId });
    return true;
  });
}
