import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { builtOnce, preparedOnce } from '../platform/db/prepared.ts';
import { addressLock } from './sign-up-queries.ts';

/** Takes the locks of `lockAddress` that nobody has, and waits for none. @returns which of them it got, in their order. */
export async function lockFree(tx: Db, prints: readonly Buffer[]): Promise<boolean[]> {
  const { rows } = await tryLocks(tx, { locks: prints.map(addressLock) });
  return rows.map(({ got }) => got);
}

const tryLocks = preparedOnce<{ locks: readonly string[] }, { got: boolean }>(
  'try-address-locks',
  (v) => sql`
    select pg_try_advisory_xact_lock(lock) as got from unnest(${v.locks}::bigint[]) with ordinality as _(lock, nth)
    order by nth`,
);

interface Stranger {
  id: number;
  emailKey: string;
  /** Of the address, under every secret. */
  prints: readonly Buffer[];
  /** Of the mailbox that limits count. */
  limitPrints: readonly Buffer[];
}

/**
 * Holds for this transaction the sign-ups that still wait and whose address is nobody's: no person, no suppression, no letter
 * of these kinds since then, nothing that was put off. The addresses must be locked. @returns the ids of those it holds.
 */
export async function holdStrangers(
  tx: Db,
  strangers: readonly Stranger[],
  { kinds, since }: { kinds: readonly string[]; since: Date },
): Promise<Set<number>> {
  const hex = (print: Buffer) => `\\x${print.toString('hex')}`;
  const asked = strangers.map(({ id, emailKey, prints, limitPrints }) => ({
    id,
    email_key: emailKey,
    prints: prints.map(hex),
    limit_prints: limitPrints.map(hex),
  }));
  const { rows } = await selectStrangers(tx, { asked: JSON.stringify(asked), kinds: [...kinds], since });
  return new Set(rows.map(({ id }) => id));
}

/**
 * Each look-up by its index, row by row: the tables are large and the askers few. A plain `state = 'received'` would offer the
 * index of all that wait, which looks short and in a rush has thousands: what is put off needs none, since only a sign-up that
 * waits has its address still.
 */
const selectStrangers = builtOnce<{ asked: string; kinds: string[]; since: Date }, { id: number }>(
  (v) => sql`
    select s.id
    from json_to_recordset(${v.asked}::json) as asked(id bigint, email_key text, prints bytea[], limit_prints bytea[])
    join sign_ups s on s.id = asked.id
    where s.state is not distinct from 'received' and s.put_off_until is null
      and (select id from subscribers where email_key = asked.email_key) is null
      and (select id from suppressions where fingerprint = any(asked.prints) and released_at is null limit 1) is null
      and (select letter.id from unnest(asked.limit_prints) as print cross join lateral (
          select id from letters where kind = any(${v.kinds}::text[]) and fingerprint = print and at > ${v.since}
            and state <> 'dropped' limit 1) as letter limit 1) is null
      and (select id from sign_ups other where other.email_key = asked.email_key and other.id <> s.id
        and other.put_off_until is not null limit 1) is null
    for update of s skip locked`,
);

/**
 * Makes the people and their pending subscriptions, writes it down, and settles the sign-ups. The caller holds them, so that they
 * wait still: to ask for it once more would read all that wait.
 */
export async function putStrangers(
  tx: Db,
  strangers: readonly {
    id: number;
    email: string;
    emailKey: string;
    lang: string;
    form: string;
    newsletterIds: readonly number[];
    marketing: boolean;
    wordingIds: readonly number[];
    topics: readonly string[] | undefined;
  }[],
  { outcome, expiresAt, at }: { outcome: string; expiresAt: Date; at: Date },
): Promise<void> {
  const asked = strangers.map(({ emailKey, newsletterIds, wordingIds, ...same }) => ({
    ...same,
    email_key: emailKey,
    newsletter_ids: newsletterIds,
    wording_ids: wordingIds,
  }));
  const { rows } = await insertStrangers(tx, { asked: JSON.stringify(asked), outcome, expiresAt, at });
  if (rows[0]?.settled !== strangers.length) throw new Error('a sign-up that was held has changed');
}

const insertStrangers = builtOnce<
  { asked: string; outcome: string; expiresAt: Date; at: Date },
  { settled: number }
>(
  (v) => sql`
    with asked as materialized (
      select nextval(pg_get_serial_sequence('subscribers', 'id')) as person, asked.*
      from json_to_recordset(${v.asked}::json) as asked(id bigint, email text, email_key text, lang text, form text,
        newsletter_ids bigint[], marketing boolean, wording_ids bigint[], topics text[])
    ), people as (
      insert into subscribers (id, email, email_key, language, source, created_at)
      overriding system value
      select person, email, email_key, lang, form, ${v.at} from asked order by email_key
    ), made as (
      insert into subscriptions (subscriber_id, newsletter_id, state, topics, source, created_at)
      select person, newsletter_id, 'pending', topics, form, ${v.at}
      from asked cross join unnest(newsletter_ids) as newsletter_id
      returning id, subscriber_id
    ), told as (
      insert into subscriber_events (subscriber_id, subscription_id, kind, actor, at)
      select subscriber_id, id, 'signed_up', 'form', ${v.at} from made
    ), settled as (
      update sign_ups set state = 'answered', outcome = ${v.outcome}, subscriber_id = asked.person,
        expires_at = ${v.expiresAt}, email = null, email_key = null, newsletter_ids = asked.newsletter_ids,
        marketing = asked.marketing, wording_ids = asked.wording_ids
      from asked where sign_ups.id = asked.id
      returning sign_ups.id
    )
    select count(*)::int as settled from settled`,
);
