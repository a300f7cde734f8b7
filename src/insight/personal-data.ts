import type { Db } from '../platform/db/database.ts';
import { idsOf } from '../subscribers/merged.ts';

/** Everything the ledger holds that names a person, in the words of the glossary. Instants are ISO 8601. */
export type PersonalData = NonNullable<Awaited<ReturnType<typeof personalData>>>;

/** @returns `undefined` for a person who is not there or was erased. */
export async function personalData(db: Db, subscriberId: number) {
  const profile = await db
    .selectFrom('subscribers')
    .select([
      'email',
      'language',
      'time_zone',
      'mail_state',
      'marketing_since',
      'tags',
      'source',
      'created_at',
    ])
    .where('id', '=', subscriberId)
    .where('erased_at', 'is', null)
    .executeTakeFirst();
  if (!profile) return undefined;
  const [subscriptions, consents, deliveries, events, signUps, bounces, suppressions] = await Promise.all([
    subscriptionsOf(db, subscriberId),
    consentsOf(db, subscriberId),
    deliveriesOf(db, subscriberId),
    eventsOf(db, subscriberId),
    signUpsOf(db, subscriberId),
    bouncesOf(db, subscriberId),
    suppressionsOf(db, subscriberId),
  ]);
  return { profile, subscriptions, consents, sign_ups: signUps, deliveries, bounces, suppressions, events };
}

function subscriptionsOf(db: Db, subscriberId: number) {
  return db
    .selectFrom('subscriptions as sc')
    .innerJoin('newsletters as n', 'n.id', 'sc.newsletter_id')
    .select([
      'n.name as newsletter',
      'sc.state',
      'sc.frequency',
      'sc.weekly_day',
      'sc.hour',
      'sc.topics',
      'sc.paused_until',
      'sc.confirmed_at',
      'sc.unsubscribed_at',
      'sc.source',
      'sc.created_at',
    ])
    .where('sc.subscriber_id', '=', subscriberId)
    .orderBy('sc.id')
    .execute();
}

function consentsOf(db: Db, subscriberId: number) {
  return db
    .selectFrom('consents as c')
    .leftJoin('wordings as w', 'w.id', 'c.wording_id')
    .leftJoin('newsletters as n', 'n.id', 'c.newsletter_id')
    .select([
      'c.at',
      'c.act',
      'c.purpose',
      'n.name as newsletter',
      'w.text as wording',
      'w.version as wording_version',
      'w.lang as wording_language',
      'c.method',
      'c.form',
      'c.page_url',
      'c.ip_net',
      'c.agent_family',
      'c.email_masked',
      'c.evidence',
    ])
    .where('c.subscriber_id', 'in', idsOf(subscriberId))
    .orderBy('c.id')
    .execute();
}

function deliveriesOf(db: Db, subscriberId: number) {
  // Through the editions: deliveries are found by edition and person, and have no index by person alone.
  return db
    .selectFrom('editions as e')
    .innerJoin('newsletters as n', 'n.id', 'e.newsletter_id')
    .innerJoin('subscriptions as sc', (join) =>
      join.onRef('sc.newsletter_id', '=', 'n.id').on('sc.subscriber_id', 'in', idsOf(subscriberId)),
    )
    .innerJoin('deliveries as d', (join) =>
      join.onRef('d.edition_id', '=', 'e.id').onRef('d.subscriber_id', '=', 'sc.subscriber_id'),
    )
    .leftJoin('edition_variants as v', 'v.id', 'd.variant_id')
    .select([
      'n.name as newsletter',
      'e.slot_date as date',
      'e.kind',
      'v.subject',
      'v.lang as language',
      'd.state',
      'd.class as reason',
      'd.smtp_code',
      'd.text_masked as answer',
      'd.attempts',
      'd.due_at',
      'd.settled_at',
    ])
    .orderBy('e.id')
    .execute();
}

function eventsOf(db: Db, subscriberId: number) {
  return db
    .selectFrom('subscriber_events as e')
    .leftJoin('subscriptions as sc', 'sc.id', 'e.subscription_id')
    .leftJoin('newsletters as n', 'n.id', 'sc.newsletter_id')
    .select(['e.at', 'e.kind', 'n.name as newsletter', 'e.before', 'e.actor'])
    .where('e.subscriber_id', 'in', idsOf(subscriberId))
    .orderBy('e.id')
    .execute();
}

function signUpsOf(db: Db, subscriberId: number) {
  return db
    .selectFrom('sign_ups')
    .select(['created_at', 'form', 'page_url', 'lang', 'ip_net', 'agent_family', 'state', 'outcome'])
    .where('subscriber_id', 'in', idsOf(subscriberId))
    .orderBy('id')
    .execute();
}

function bouncesOf(db: Db, subscriberId: number) {
  return db
    .selectFrom('bounces')
    .select(['at', 'source', 'class', 'code', 'status', 'text_masked as answer'])
    .where('subscriber_id', 'in', idsOf(subscriberId))
    .orderBy('id')
    .execute();
}

function suppressionsOf(db: Db, subscriberId: number) {
  return db
    .selectFrom('suppressions as s')
    .leftJoin('newsletters as n', 'n.id', 's.newsletter_id')
    .select(['s.at', 's.reason', 's.source', 'n.name as newsletter', 's.released_at'])
    .where('s.subscriber_id', 'in', idsOf(subscriberId))
    .orderBy('s.id')
    .execute();
}
