import { parseEmailAddress } from '../lib/email-address.ts';
import { Refusal } from '../lib/errors.ts';
import { rowId } from '../lib/ids.ts';
import type { Db } from '../platform/db/database.ts';
import { idsOf } from './merged.ts';
import { selectSubscriber, selectSubscriptions, toSubscriber, toSubscription } from './queries.ts';
import type { ShownState, Subscriber, Subscription } from './subscriber.ts';

/** The person of a public id (`sub_12`) or an address; `undefined` when there is none. */
export async function findSubscriber(db: Db, idOrEmail: string): Promise<Subscriber | undefined> {
  const id = rowId('subscriber', idOrEmail);
  if (id !== undefined) return selectSubscriber(db, { id });
  const address = parseEmailAddress(idOrEmail);
  return address && selectSubscriber(db, { emailKey: address.key });
}

/** @throws Refusal 404 when there is no such person. It never quotes the address. */
export async function needSubscriber(db: Db, idOrEmail: string): Promise<Subscriber> {
  const person = await findSubscriber(db, idOrEmail);
  if (!person) throw new Refusal(404, 'no_such_subscriber', 'There is no such subscriber.');
  return person;
}

export async function subscriptionsOf(db: Db, subscriberId: number): Promise<Subscription[]> {
  return selectSubscriptions(db, subscriberId);
}

/** The subscriptions of several people at once, by person. */
export async function subscriptionsOfAll(
  db: Db,
  subscriberIds: readonly number[],
): Promise<Map<number, Subscription[]>> {
  const rows =
    subscriberIds.length === 0
      ? []
      : await db
          .selectFrom('subscriptions')
          .selectAll()
          .where('subscriber_id', 'in', [...subscriberIds])
          .orderBy('id')
          .execute();
  const found = new Map<number, Subscription[]>();
  for (const one of rows.map(toSubscription)) {
    found.set(one.subscriberId, [...(found.get(one.subscriberId) ?? []), one]);
  }
  return found;
}

export const subscribersPerPageMax = 200;

export interface SubscriberFilter {
  newsletterId?: number | undefined;
  state?: ShownState | undefined;
  mailState?: Subscriber['mailState'] | undefined;
  /** A part of the address: its beginning, or `@domain`. */
  search?: string | undefined;
}

/** One page of people in the order of their arrival, found by keyset: fast at a million. The erased are left out. */
export async function listSubscribers(
  db: Db,
  page: SubscriberFilter & { after: number; limit: number; now: Date },
): Promise<Subscriber[]> {
  let query = db
    .selectFrom('subscribers')
    .selectAll()
    .where('id', '>', page.after)
    .where('erased_at', 'is', null)
    .orderBy('id')
    .limit(Math.min(page.limit, subscribersPerPageMax));
  if (page.mailState) query = query.where('mail_state', '=', page.mailState);
  if (page.search) {
    const part = page.search.toLowerCase().replace(/[\\%_]/g, '\\$&');
    query = query.where('email_key', 'like', page.search.startsWith('@') ? `%${part}` : `${part}%`);
  }
  const { newsletterId, state, now } = page;
  if (newsletterId !== undefined || state !== undefined) {
    query = query.where((eb) => {
      let sub = eb
        .selectFrom('subscriptions')
        .select('subscriptions.id')
        .whereRef('subscriptions.subscriber_id', '=', 'subscribers.id');
      if (newsletterId !== undefined) sub = sub.where('newsletter_id', '=', newsletterId);
      if (state !== undefined) sub = sub.where('state', '=', state === 'paused' ? 'active' : state);
      if (state === 'paused') sub = sub.where('paused_until', '>', now);
      return eb.exists(sub);
    });
  }
  return (await query.execute()).map(toSubscriber);
}

export interface ConsentRecord {
  id: number;
  purpose: 'newsletter' | 'marketing';
  newsletterId: number | undefined;
  act: 'given' | 'withdrawn';
  /** The words as they were shown. */
  wording: { version: string; lang: string; text: string } | undefined;
  method: string;
  form: string | undefined;
  pageUrl: string | undefined;
  ipNet: string | undefined;
  agentFamily: string | undefined;
  letterId: number | undefined;
  evidence: string | undefined;
  at: Date;
}

/** Everything the person has agreed to and withdrawn, also as a reader that was merged into them; oldest first. */
export async function consentsOf(db: Db, subscriberId: number): Promise<ConsentRecord[]> {
  const rows = await db
    .selectFrom('consents as c')
    .leftJoin('wordings as w', 'w.id', 'c.wording_id')
    .select([
      'c.id',
      'c.purpose',
      'c.newsletter_id',
      'c.act',
      'c.method',
      'c.form',
      'c.page_url',
      'c.ip_net',
      'c.agent_family',
      'c.letter_id',
      'c.evidence',
      'c.at',
      'w.version',
      'w.lang',
      'w.text',
    ])
    .where('c.subscriber_id', 'in', idsOf(subscriberId))
    .orderBy('c.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    purpose: row.purpose,
    newsletterId: row.newsletter_id ?? undefined,
    act: row.act,
    wording:
      row.text === null || row.version === null || row.lang === null
        ? undefined
        : { version: row.version, lang: row.lang, text: row.text },
    method: row.method,
    form: row.form ?? undefined,
    pageUrl: row.page_url ?? undefined,
    ipNet: row.ip_net ?? undefined,
    agentFamily: row.agent_family ?? undefined,
    letterId: row.letter_id ?? undefined,
    evidence: row.evidence ?? undefined,
    at: row.at,
  }));
}
