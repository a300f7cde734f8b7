import { sql } from 'kysely';
import type { Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { countWithin } from '../platform/db/limits.ts';
import {
  type BounceClass,
  disabledAgainAfterMs,
  guardWindowMs,
  looksLikeMassFailure,
  meaningOf,
  softEnough,
} from './bounce-policy.ts';
import { selectSubscriber } from './queries.ts';
import type { Subscriber } from './subscriber.ts';
import { suppress } from './suppress.ts';

export interface Bounce {
  subscriberId: number;
  editionId?: number | undefined;
  letterId?: number | undefined;
  source: 'smtp' | 'dsn' | 'arf' | 'webhook';
  /** Unique within the source: the delivery's or letter's attempt, the report's Message-ID. */
  sourceId: string;
  class: BounceClass;
  code?: number | undefined;
  /** Enhanced status (RFC 3463). */
  status?: string | undefined;
  textMasked?: string | undefined;
  at: Date;
}

/** `guarded`: too many died at one provider at once, so nobody was suppressed and an operator should look. */
export type BounceConsequence =
  | { kind: 'suppressed'; reason: 'hard' | 'complaint' | 'soft' }
  | { kind: 'counted' | 'noted' | 'guarded' | 'known' };

/**
 * Writes a bounce or complaint down and draws its consequence by the one policy there is. Run it in the transaction that
 * learnt of it; the same bounce twice (by source and id) is `known` and changes nothing.
 */
export async function recordBounce(db: Db, keyring: Keyring, bounce: Bounce): Promise<BounceConsequence> {
  const person = await selectSubscriber(db, { id: bounce.subscriberId });
  const meaning = meaningOf(bounce.class);
  const counted = meaning !== 'none' && (meaning !== 'soft' || (await countsAsSoft(db, bounce)));
  const made = await db
    .insertInto('bounces')
    .values({
      subscriber_id: person ? bounce.subscriberId : null,
      edition_id: bounce.editionId ?? null,
      letter_id: bounce.letterId ?? null,
      source: bounce.source,
      source_id: bounce.sourceId,
      class: bounce.class,
      code: bounce.code ?? null,
      status: bounce.status ?? null,
      text_masked: bounce.textMasked ?? null,
      at: bounce.at,
      counted,
    })
    .onConflict((conflict) => conflict.columns(['source', 'source_id']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!made) return { kind: 'known' };
  if (!counted || person?.emailKey === undefined) return { kind: 'noted' };
  switch (meaning) {
    case 'complaint':
      return stop(db, keyring, person, bounce, 'complaint');
    case 'suppress':
      if (await massFailure(db, person.emailKey, bounce.at)) {
        await db.updateTable('bounces').set({ counted: false }).where('id', '=', made.id).execute();
        return { kind: 'guarded' };
      }
      return stop(db, keyring, person, bounce, 'hard');
    case 'suppress-second':
      return (await disabledBefore(db, bounce))
        ? stop(db, keyring, person, bounce, 'hard')
        : { kind: 'counted' };
    case 'soft':
      return softEnough(await softSinceAcceptance(db, bounce))
        ? stop(db, keyring, person, bounce, 'soft')
        : { kind: 'counted' };
  }
}

/**
 * Counts messages that reached a decision at each recipient's domain, for the mass-failure guard. Call it once per settled
 * batch with the domains of its recipients; without it the guard never closes.
 */
export async function noteAttempts(db: Db, domains: readonly string[], now: Date): Promise<void> {
  const counts = new Map<string, number>();
  for (const domain of domains) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  const sorted = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  // Asked at once they are one statement, or a few in this order.
  await Promise.all(sorted.map(([domain, n]) => countWithin(db, attemptsKey(domain), guardWindowMs, now, n)));
}

async function stop(
  db: Db,
  keyring: Keyring,
  person: Subscriber,
  bounce: Bounce,
  reason: 'hard' | 'complaint' | 'soft',
): Promise<BounceConsequence> {
  await suppress(db, keyring, {
    emailKey: person.emailKey ?? '',
    subscriberId: person.id,
    reason,
    evidence: [bounce.class, bounce.status, bounce.textMasked].filter((word) => word !== undefined).join(' '),
    source: bounce.source,
    at: bounce.at,
  });
  return { kind: 'suppressed', reason };
}

async function massFailure(db: Db, emailKey: string, now: Date): Promise<boolean> {
  const domain = emailKey.slice(emailKey.lastIndexOf('@') + 1);
  const dead = await countWithin(db, `bounce:dead:${domain}`, guardWindowMs, now);
  const attempts = await countWithin(db, attemptsKey(domain), guardWindowMs, now, 0);
  return looksLikeMassFailure({ attempts, dead });
}

function attemptsKey(domain: string): string {
  return `bounce:attempts:${domain}`;
}

/** Soft bounces are counted by edition, once a day at most; a letter's do not count. */
async function countsAsSoft(db: Db, bounce: Bounce): Promise<boolean> {
  if (bounce.editionId === undefined) return false;
  const { rows } = await sql<{ found: boolean }>`
    select exists (select 1 from bounces where subscriber_id = ${bounce.subscriberId} and counted
      and class in ('full', 'unknown') and (at at time zone 'UTC')::date = (${bounce.at}::timestamptz at time zone 'UTC')::date
    ) as found`.execute(db);
  return !rows[0]?.found;
}

async function softSinceAcceptance(db: Db, bounce: Bounce): Promise<{ editionId: number; at: Date }[]> {
  const since = await lastAcceptedAt(db, bounce.subscriberId);
  const rows = await db
    .selectFrom('bounces')
    .select(['edition_id', 'at'])
    .where('subscriber_id', '=', bounce.subscriberId)
    .where('counted', '=', true)
    .where('class', 'in', ['full', 'unknown'] satisfies BounceClass[])
    .where('edition_id', 'is not', null)
    .where('at', '>', since)
    .orderBy('at', 'desc')
    .limit(100)
    .execute();
  return rows.flatMap(({ edition_id, at }) => (edition_id === null ? [] : [{ editionId: edition_id, at }]));
}

async function disabledBefore(db: Db, bounce: Bounce): Promise<boolean> {
  const row = await db
    .selectFrom('bounces')
    .select('id')
    .where('subscriber_id', '=', bounce.subscriberId)
    .where('class', '=', 'disabled' satisfies BounceClass)
    .where('counted', '=', true)
    .where('at', '<=', new Date(bounce.at.getTime() - disabledAgainAfterMs))
    .where('at', '>', await lastAcceptedAt(db, bounce.subscriberId))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Looks only at editions that were sent since the person's first bounce, each by its primary key. */
async function lastAcceptedAt(db: Db, subscriberId: number): Promise<Date> {
  const { rows } = await sql<{ at: Date | null }>`
    select max(d.settled_at) as at from sends s
    join deliveries d on d.edition_id = s.edition_id and d.subscriber_id = ${subscriberId} and d.state = 'accepted'
    where s.requested_at >= (select min(at) - interval '2 days' from bounces where subscriber_id = ${subscriberId})`.execute(
    db,
  );
  return rows[0]?.at ?? new Date(0);
}
