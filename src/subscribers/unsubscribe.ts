import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { type ConsentMethod, recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import { presentSubscriber } from './merged.ts';
import { lastWording, lockSubscriber, priorColumns } from './queries.ts';
import type { Subscriber, SubscriptionState } from './subscriber.ts';
import { withdrawMarketing } from './withdraw-marketing.ts';

export interface Unsubscription {
  subscriberId: number;
  /** One newsletter, or every one and marketing too. */
  newsletterId: number | 'all';
  method: ConsentMethod;
  actor: string;
  /** When the reader said so, when that was before now: someone who confirmed again later stays. */
  saidAt?: Date;
}

/** `unsubscribed`: this call did it, and the events can be undone. `already`: there was nothing to leave. */
export type Unsubscribed = { kind: 'unsubscribed'; eventIds: number[] } | { kind: 'already' };

/**
 * Ends subscriptions at once, also for deliveries that are queued, with the event that undo puts back and the withdrawal of
 * consent in one transaction. One click reaches its newsletter only. Safe to run twice; an unknown person is `already`.
 */
export function unsubscribe(ctx: Context, what: Unsubscription, db: Db = ctx.db): Promise<Unsubscribed> {
  const now = ctx.clock.now();
  return inTransaction(db, async (tx) => {
    const person = await lockPresent(tx, what.subscriberId);
    if (!person) return { kind: 'already' };
    const left = await leave(tx, { ...what, subscriberId: person.id }, what.saidAt ?? now);
    const eventIds = await recordEvents(
      tx,
      left.map((prior) => ({
        subscriberId: person.id,
        subscriptionId: prior.id,
        kind: 'unsubscribed',
        before: prior,
        actor: what.actor,
        at: now,
      })),
    );
    for (const prior of left) {
      // Who never confirmed has no consent to withdraw.
      if (prior.state !== 'active' || person.email === undefined || person.emailKey === undefined) continue;
      await recordConsents(tx, ctx.keyring, [
        {
          subscriberId: person.id,
          email: person.email,
          emailKey: person.emailKey,
          purpose: 'newsletter',
          newsletterId: prior.newsletter_id,
          act: 'withdrawn',
          wordingId: await lastWording(tx, person.id, 'newsletter', prior.newsletter_id),
          method: what.method,
          at: now,
        },
      ]);
    }
    if (what.newsletterId === 'all') {
      const marketing = await withdrawMarketing(tx, ctx.keyring, person, {
        method: what.method,
        actor: what.actor,
        at: now,
      });
      eventIds.push(...marketing);
    }
    if (eventIds.length === 0) return { kind: 'already' };
    ctx.log.info({ deed: 'unsubscribe', subscriberId: person.id, method: what.method, left: left.length });
    return { kind: 'unsubscribed', eventIds };
  });
}

/** A link in an old mail may name a reader who has become one with another since: leaving never ends. */
async function lockPresent(tx: Db, subscriberId: number): Promise<Subscriber | undefined> {
  const person = await lockSubscriber(tx, subscriberId);
  if (person?.mergedInto === undefined) return person;
  const present = await presentSubscriber(tx, subscriberId);
  return present && lockSubscriber(tx, present.id);
}

interface Prior {
  id: number;
  newsletter_id: number;
  state: SubscriptionState;
}

/** The claim: whoever gets a row back has ended it. The rows come back as they were before. */
async function leave(db: Db, what: Unsubscription, saidAt: Date): Promise<Prior[]> {
  const newsletterId = what.newsletterId === 'all' ? null : what.newsletterId;
  const { rows } = await sql<{ prior: Prior }>`
    with prior as (
      select ${priorColumns} from subscriptions
      where subscriber_id = ${what.subscriberId} and (${newsletterId}::bigint is null or newsletter_id = ${newsletterId})
        and state in ('active', 'pending') and coalesce(confirmed_at, created_at) <= ${saidAt}
      for update
    ), ended as (
      update subscriptions s set state = 'unsubscribed', unsubscribed_at = ${saidAt}
      from prior where s.id = prior.id returning s.id
    )
    select to_jsonb(prior) as prior from prior join ended using (id) order by id`.execute(db);
  return rows.map((row) => row.prior);
}
