import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

export type NotMailed = 'erased' | 'unsubscribed' | 'paused' | 'suppressed';

/**
 * Why the person `s` (of `subscribers`) with the subscription `sc` may not be written to at this moment, as a SQL
 * expression that is null when they may. For set-based statements, which join both under these names.
 */
export function notMailed(now: Date) {
  return sql<NotMailed | null>`case
    when s.erased_at is not null then 'erased'
    when sc.state is distinct from 'active' then 'unsubscribed'
    when sc.paused_until > ${now}::timestamptz then 'paused'
    when s.mail_state <> 'ok' then 'suppressed'
    when exists (select 1 from suppressions own where own.subscriber_id = s.id and own.newsletter_id = sc.newsletter_id
      and own.released_at is null) then 'suppressed'
  end`;
}

/** Whether a newsletter may be sent to a person now: the last question before every edition and welcome. */
export async function mayMail(
  db: Db,
  asked: { subscriberId: number; newsletterId: number; now: Date },
): Promise<{ kind: 'yes' } | { kind: 'no'; reason: NotMailed }> {
  const { rows } = await sql<{ reason: NotMailed | null }>`
    select ${notMailed(asked.now)} as reason from subscribers s
    left join subscriptions sc on sc.subscriber_id = s.id and sc.newsletter_id = ${asked.newsletterId}
    where s.id = ${asked.subscriberId}`.execute(db);
  const [row] = rows;
  if (!row) return { kind: 'no', reason: 'erased' };
  return row.reason === null ? { kind: 'yes' } : { kind: 'no', reason: row.reason };
}
