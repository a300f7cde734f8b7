import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { notMailed } from '../subscribers/may-mail.ts';
import type { Send } from './queries.ts';

/** More often than anyone changes to an address that was theirs already. */
const mergesMax = 20;

/**
 * Readers who stand for another since this send began, whose delivery was left out for that, and who have none of their own: as a
 * table of `subscriber_id`, `domain`, and of the delivery its `variant_id` and `deadline_at`.
 *
 * Only what was never handed to a relay counts: a delivery that was skipped, and not one that was sent again because it was in
 * doubt. Who has a delivery of their own, whatever came of it, is not among them; nor who may not be written to now. Deliveries
 * are looked up one by one (`limit` and `offset` insist on it): a join could read all those of the edition.
 */
export function mergedReaders({ editionId, newsletterId, frozenAt }: Send, now: Date): RawBuilder<unknown> {
  return sql`(
    with recursive line as (
      select s.id as merged_id, s.merged_into as subscriber_id, 1 as n from subscribers s
      where s.merged_into is not null and s.erased_at > ${frozenAt ?? now}::timestamptz - interval '1 hour'
      union all select l.merged_id, s.merged_into, l.n + 1 from line l join subscribers s on s.id = l.subscriber_id
      where s.merged_into is not null and l.n < ${mergesMax}
    )
    select distinct on (l.subscriber_id) l.subscriber_id, split_part(s.email_key, '@', 2) as domain, d.variant_id, d.deadline_at
    from line l join subscribers s on s.id = l.subscriber_id and s.merged_into is null
    join subscriptions sc on sc.subscriber_id = s.id and sc.newsletter_id = ${newsletterId}
    cross join lateral (select * from deliveries where edition_id = ${editionId} and subscriber_id = l.merged_id limit 1) as d
    where d.state = 'skipped' and d.class = 'erased' and d.resends = 0 and d.deadline_at > ${now} and ${notMailed(now)} is null
      and not exists (select from deliveries own where own.edition_id = ${editionId} and own.subscriber_id = l.subscriber_id
        offset 0)
    order by l.subscriber_id, l.merged_id
  )`;
}

/** Whether there are any: a look at the readers who were merged since the send began, who are few or none. */
export async function anyMergedReaders(db: Db, send: Send, now: Date): Promise<boolean> {
  const { rows } = await sql<{ any: boolean }>`
    select exists (select from ${mergedReaders(send, now)} as merged) as any`.execute(db);
  return rows[0]?.any === true;
}
