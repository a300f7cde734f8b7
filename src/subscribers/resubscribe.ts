import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import { openNewsletterIds } from './open-newsletters.ts';
import { lockSubscriber, priorColumns } from './queries.ts';

/**
 * Someone comes back, or takes a newsletter more, on their own page, which only their mailbox opens: active at once, with a
 * consent to the words the page showed. Who waits for a confirmation completes that. Safe to run twice.
 *
 * @returns whether this call changed anything; a newsletter that takes no readers takes nobody.
 */
export function resubscribe(
  ctx: Context,
  what: { subscriberId: number; newsletterId: number; wordingId: number; actor: string },
  db: Db = ctx.db,
): Promise<boolean> {
  const now = ctx.clock.now();
  return inTransaction(db, async (tx) => {
    const person = await lockSubscriber(tx, what.subscriberId);
    if (person?.email === undefined || person.emailKey === undefined) return false;
    const [open] = await openNewsletterIds(tx, [what.newsletterId]);
    if (open === undefined) return false;
    const { rows } = await sql<{ id: number; before: unknown }>`
      with prior as (
        select ${priorColumns} from subscriptions where subscriber_id = ${person.id}
          and newsletter_id = ${what.newsletterId} and state = 'unsubscribed'
        for update
      ), joined as (
        insert into subscriptions (subscriber_id, newsletter_id, state, confirmed_at, catch_up_since, source, created_at)
        values (${person.id}, ${what.newsletterId}, 'active', ${now}, ${now}, 'preferences', ${now})
        on conflict (subscriber_id, newsletter_id) do nothing returning id
      ), moved as (
        update subscriptions s set state = 'active', confirmed_at = ${now}, unsubscribed_at = null, paused_until = null,
          catch_up_since = ${now}
        from prior where s.id = prior.id returning s.id
      )
      select moved.id, to_jsonb(prior) as before from moved join prior using (id)
      union all select id, null from joined`.execute(tx);
    const [back] = rows;
    if (!back) return false;
    await recordEvents(tx, [
      {
        subscriberId: person.id,
        subscriptionId: back.id,
        kind: 'resubscribed',
        before: back.before ?? undefined,
        actor: what.actor,
        at: now,
      },
    ]);
    await recordConsents(tx, ctx.keyring, [
      {
        subscriberId: person.id,
        email: person.email,
        emailKey: person.emailKey,
        purpose: 'newsletter',
        newsletterId: what.newsletterId,
        act: 'given',
        wordingId: what.wordingId,
        method: 'preferences',
        form: 'manage-page',
        at: now,
      },
    ]);
    ctx.log.info({ deed: 'resubscribe', subscriberId: person.id, newsletterId: what.newsletterId });
    return true;
  });
}
