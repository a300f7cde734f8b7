import { sql } from 'kysely';
import type { Edition } from '../editions/edition.ts';
import { weekday } from '../lib/clock-time.ts';
import type { Db } from '../platform/db/database.ts';

/** An edition that went out shortly before another one. */
export interface RecentEdition {
  id: number;
  /** When its audience was frozen. */
  at: Date;
  kind: Edition['kind'];
  weekend: boolean;
  /** What the steady reader of each language got. */
  variantIds: number[];
}

const lookBackDays = 8;
const recentMax = 40;

/** The newsletter's other editions of the last eight days, of either kind, the newest first. */
export async function recentEditions(
  db: Db,
  edition: Pick<Edition, 'id' | 'newsletterId'>,
  at: Date,
): Promise<RecentEdition[]> {
  const { rows } = await sql<{
    id: number;
    at: Date;
    kind: Edition['kind'];
    slot_date: string;
    variant_ids: number[];
  }>`
    select e.id, s.frozen_at as at, e.kind, e.slot_date, array(select v.id from edition_variants v
      where v.edition_id = e.id and v.topics = '' and v.greeting = '' and v.catch_up = '') as variant_ids
    from editions e join sends s on s.edition_id = e.id
    where e.newsletter_id = ${edition.newsletterId} and e.id <> ${edition.id}
      and s.frozen_at > ${at}::timestamptz - make_interval(days => ${lookBackDays}) and s.frozen_at <= ${at}
    order by s.frozen_at desc limit ${recentMax}`.execute(db);
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    kind: row.kind,
    weekend: weekday(row.slot_date) > 5,
    variantIds: row.variant_ids,
  }));
}

/**
 * What readers of weekdays were sent, when this is the first edition for them after a weekend that had some: by the calendar,
 * everything but the weekend's. `undefined` when they missed nothing.
 */
export function sentOnWeekdays(recent: readonly RecentEdition[]): number[] | undefined {
  const regular = recent.filter((one) => one.kind === 'regular');
  if (!regular[0]?.weekend) return undefined;
  return regular.filter((one) => !one.weekend).flatMap((one) => one.variantIds);
}
