import { sql } from 'kysely';
import type { Edition } from '../editions/edition.ts';
import { weekday } from '../lib/clock-time.ts';
import type { Db } from '../platform/db/database.ts';
import { notMailed } from '../subscribers/may-mail.ts';

/**
 * Whom an edition is for, as a condition on a person `s` with their active subscription `sc`: confirmed by that instant,
 * not paused, not suppressed, and due by their rhythm. The count before a send and the fan-out ask the same question.
 */
export function isMeant(edition: Pick<Edition, 'kind' | 'slotDate'>, at: Date) {
  return sql<boolean>`(sc.confirmed_at <= ${at}::timestamptz and ${rhythm(edition)} and ${notMailed(at)} is null)`;
}

/** How many readers the edition would go to if it started now. */
export async function countAudience(
  db: Db,
  edition: Pick<Edition, 'kind' | 'slotDate' | 'newsletterId'>,
  at: Date,
): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from subscriptions sc join subscribers s on s.id = sc.subscriber_id
    where sc.newsletter_id = ${edition.newsletterId} and sc.state = 'active' and ${isMeant(edition, at)}`.execute(
    db,
  );
  return rows[0]?.n ?? 0;
}

/** A weekly edition goes to who reads weekly on that day; a regular one to the rest, on weekends without `weekdays`. */
function rhythm(edition: Pick<Edition, 'kind' | 'slotDate'>) {
  const day = weekday(edition.slotDate);
  if (edition.kind === 'weekly') return sql`sc.frequency = 'weekly' and coalesce(sc.weekly_day, 1) = ${day}`;
  return day <= 5 ? sql`sc.frequency in ('each', 'weekdays')` : sql`sc.frequency = 'each'`;
}
