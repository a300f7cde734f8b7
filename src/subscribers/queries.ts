import { type Selectable, sql } from 'kysely';
import { gather } from '../lib/gather.ts';
import type { Db } from '../platform/db/database.ts';
import type { Tables } from '../platform/db/tables.ts';
import type { Subscriber, Subscription } from './subscriber.ts';

export async function selectSubscriber(
  db: Db,
  by: { id: number } | { emailKey: string },
): Promise<Subscriber | undefined> {
  const row = await db
    .selectFrom('subscribers')
    .selectAll()
    .$if('id' in by, (query) => query.where('id', '=', 'id' in by ? by.id : 0))
    .$if('emailKey' in by, (query) => query.where('email_key', '=', 'emailKey' in by ? by.emailKey : ''))
    .executeTakeFirst();
  return row && toSubscriber(row);
}

/** For letters that are written at the same time: asked in one statement. */
export const subscriberTogether = gather<Db, number, Subscriber | undefined>(
  async (db, ids) => {
    const rows = await db
      .selectFrom('subscribers')
      .selectAll()
      .where('id', '=', sql<number>`any(${[...ids]}::bigint[])`)
      .execute();
    const found = new Map(rows.map((row) => [row.id, toSubscriber(row)]));
    return ids.map((id) => found.get(id));
  },
  { callsMax: 200 },
);

/** The person of this mailbox, made if there is none. The address of a known person stays as it is. */
export async function putSubscriber(
  db: Db,
  person: { email: string; emailKey: string; language: string; source: string; at: Date },
): Promise<Subscriber> {
  const made = await db
    .insertInto('subscribers')
    .values({
      email: person.email,
      email_key: person.emailKey,
      language: person.language,
      source: person.source,
      created_at: person.at,
    })
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (made) return toSubscriber(made);
  const known = await selectSubscriber(db, { emailKey: person.emailKey });
  if (!known) throw new Error('the person was there and is gone: erased in this moment');
  return known;
}

/** Holds the person for this transaction, so that two changes of one person follow each other. */
export async function lockSubscriber(db: Db, subscriberId: number): Promise<Subscriber | undefined> {
  const row = await db
    .selectFrom('subscribers')
    .selectAll()
    .where('id', '=', subscriberId)
    .forUpdate()
    .executeTakeFirst();
  return row && toSubscriber(row);
}

/** The person's subscriptions, oldest first. */
export async function selectSubscriptions(db: Db, subscriberId: number): Promise<Subscription[]> {
  const rows = await db
    .selectFrom('subscriptions')
    .selectAll()
    .where('subscriber_id', '=', subscriberId)
    .orderBy('id')
    .execute();
  return rows.map(toSubscription);
}

/** What undo puts back: every column of a subscription that a reader or an operator can change. */
export const priorColumns = sql.raw(
  'id, newsletter_id, state, frequency, weekly_day, hour, topics, paused_until, confirmed_at, unsubscribed_at, catch_up_since',
);

/** The wording of the last consent that stands or stood, so that a later act points at the same words. */
export async function lastWording(
  db: Db,
  subscriberId: number,
  purpose: 'newsletter' | 'marketing',
  newsletterId?: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('consents')
    .select('wording_id')
    .where('subscriber_id', '=', subscriberId)
    .where('purpose', '=', purpose)
    .where('act', '=', 'given')
    .$if(newsletterId !== undefined, (query) => query.where('newsletter_id', '=', newsletterId ?? 0))
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.wording_id ?? undefined;
}

export function toSubscriber(row: Selectable<Tables['subscribers']>): Subscriber {
  return {
    id: row.id,
    email: row.email ?? undefined,
    emailKey: row.email_key ?? undefined,
    language: row.language,
    timeZone: row.time_zone ?? undefined,
    mailState: row.mail_state,
    marketingSince: row.marketing_since ?? undefined,
    tags: row.tags,
    source: row.source ?? undefined,
    createdAt: row.created_at,
    erasedAt: row.erased_at ?? undefined,
    mergedInto: row.merged_into ?? undefined,
  };
}

export function toSubscription(row: Selectable<Tables['subscriptions']>): Subscription {
  return {
    id: row.id,
    subscriberId: row.subscriber_id,
    newsletterId: row.newsletter_id,
    state: row.state,
    frequency: row.frequency,
    weeklyDay: row.weekly_day ?? undefined,
    hour: row.hour ?? undefined,
    topics: row.topics ?? undefined,
    pausedUntil: row.paused_until ?? undefined,
    confirmedAt: row.confirmed_at ?? undefined,
    unsubscribedAt: row.unsubscribed_at ?? undefined,
    source: row.source ?? undefined,
    createdAt: row.created_at,
  };
}
