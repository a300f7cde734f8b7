import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import { lastWording, lockSubscriber } from './queries.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Takes an unsubscription back: every subscription that those events ended is as it was before, rhythm, topics and pause
 * included, unless something changed it since or the person was erased. Safe to run twice.
 *
 * @returns how many subscriptions and consents are restored by this call.
 */
export function undoUnsubscribe(
  ctx: Context,
  what: { subscriberId: number; firstEventId: number; lastEventId: number },
): Promise<{ restored: number }> {
  const now = ctx.clock.now();
  return inTransaction(ctx.db, async (tx) => {
    const person = await lockSubscriber(tx, what.subscriberId);
    if (!person || person.erasedAt) return { restored: 0 };
    const restored = await restore(tx, what);
    await recordEvents(
      tx,
      restored.map((row) => ({
        subscriberId: person.id,
        subscriptionId: row.id,
        kind: 'restored',
        actor: 'reader',
        at: now,
      })),
    );
    for (const row of restored) {
      if (row.state === 'active') await consentAgain(tx, ctx, person, now, row.newsletter_id);
    }
    const marketing = await restoreMarketing(tx, what);
    if (marketing) await consentAgain(tx, ctx, person, now);
    ctx.log.info({ deed: 'undo-unsubscribe', subscriberId: person.id, restored: restored.length });
    return { restored: restored.length + (marketing ? 1 : 0) };
  });
}

/** Only what still stands as the event left it is put back: `unsubscribed_at` tells. */
async function restore(
  db: Db,
  what: { subscriberId: number; firstEventId: number; lastEventId: number },
): Promise<{ id: number; newsletter_id: number; state: string }[]> {
  const { rows } = await sql<{ id: number; newsletter_id: number; state: string }>`
    update subscriptions s set
      state = e.before->>'state', frequency = e.before->>'frequency',
      weekly_day = (e.before->>'weekly_day')::smallint, hour = (e.before->>'hour')::smallint,
      topics = case when jsonb_typeof(e.before->'topics') = 'array'
        then array(select jsonb_array_elements_text(e.before->'topics')) end,
      paused_until = (e.before->>'paused_until')::timestamptz,
      confirmed_at = (e.before->>'confirmed_at')::timestamptz,
      unsubscribed_at = (e.before->>'unsubscribed_at')::timestamptz,
      catch_up_since = (e.before->>'catch_up_since')::timestamptz
    from subscriber_events e
    where e.subscriber_id = ${what.subscriberId} and e.id between ${what.firstEventId} and ${what.lastEventId}
      and e.kind = 'unsubscribed' and s.id = e.subscription_id and s.state = 'unsubscribed'
      and not exists (select 1 from subscriber_events later where later.subscription_id = s.id
        and later.id > e.id and later.subscriber_id = e.subscriber_id)
    returning s.id, s.newsletter_id, s.state`.execute(db);
  return rows;
}

async function restoreMarketing(
  db: Db,
  what: { subscriberId: number; firstEventId: number; lastEventId: number },
): Promise<boolean> {
  const { rows } = await sql<{ id: number }>`
    update subscribers s set marketing_since = (e.before->>'marketing_since')::timestamptz
    from subscriber_events e
    where e.subscriber_id = ${what.subscriberId} and e.id between ${what.firstEventId} and ${what.lastEventId}
      and e.kind = 'marketing_withdrawn' and s.id = e.subscriber_id and s.marketing_since is null
      and not exists (select 1 from subscriber_events later where later.subscriber_id = e.subscriber_id
        and later.kind in ('marketing_given', 'marketing_withdrawn') and later.id > e.id)
    returning s.id`.execute(db);
  return rows.length > 0;
}

async function consentAgain(
  db: Db,
  ctx: Context,
  person: Subscriber,
  at: Date,
  newsletterId?: number,
): Promise<void> {
  if (person.email === undefined || person.emailKey === undefined) return;
  const purpose = newsletterId === undefined ? 'marketing' : 'newsletter';
  await recordConsents(db, ctx.keyring, [
    {
      subscriberId: person.id,
      email: person.email,
      emailKey: person.emailKey,
      purpose,
      newsletterId,
      act: 'given',
      wordingId: await lastWording(db, person.id, purpose, newsletterId),
      method: 'undo',
      at,
    },
  ]);
}
