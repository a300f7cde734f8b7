import { sql } from 'kysely';
import type { Edition } from '../editions/edition.ts';
import type { Db } from '../platform/db/database.ts';
import { isMeant } from './audience.ts';
import type { Claimed } from './claim.ts';

/** A reader whom the edition is meant for, as the fan-out and the claim would read them. */
export type Rehearsed = Pick<Claimed, 'subscriberId' | 'email' | 'confirmedAt'> & {
  subscriptionId: number;
  language: string;
};

/** The next readers that the edition would go to if it started at `at`, after a subscription. Locks nothing. */
export async function rehearsalPage(
  db: Db,
  edition: Edition,
  page: { at: Date; after: number; limit: number },
): Promise<Rehearsed[]> {
  const { at, after, limit } = page;
  const { rows } = await sql<Rehearsed>`
    select sc.id as "subscriptionId", s.id as "subscriberId", s.email, s.language,
      coalesce(sc.confirmed_at, sc.created_at) as "confirmedAt"
    from subscriptions sc join subscribers s on s.id = sc.subscriber_id
    where sc.newsletter_id = ${edition.newsletterId} and sc.state = 'active' and sc.id > ${after}
      and ${isMeant(edition, at)}
    order by sc.id limit ${limit}`.execute(db);
  return rows;
}
