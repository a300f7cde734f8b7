import { sql } from 'kysely';
import { weekday } from '../lib/clock-time.ts';
import { nextSlots } from '../newsletters/calendar.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';

export type Frequency = 'each' | 'weekdays' | 'weekly';

/** How near an edition must be for a new reader to wait for it. */
const nearMs = 30 * 60_000;

/**
 * The date of the edition that reaches a new reader by itself: it started after they confirmed, is starting, or is due within
 * half an hour. `undefined` when there is none, or their rhythm leaves it out.
 */
export async function firstEdition(
  db: Db,
  asked: { newsletter: Newsletter; confirmedAt: Date; frequency: Frequency; now: Date },
): Promise<string | undefined> {
  const { newsletter, confirmedAt, frequency, now } = asked;
  const soon = new Date(now.getTime() + nearMs);
  const lately = new Date(now.getTime() - nearMs);
  const { rows } = await sql<{ slot_date: string; is_coming: boolean }>`
    select slot_date, (state = 'starting'
        or (state in ('sending', 'paused', 'sent') and published_at >= ${confirmedAt})
        or (state in ('draft', 'ready', 'approved', 'scheduled') and scheduled
          and slot_at between ${lately} and ${soon} and held_reason is null)) as is_coming
    from editions where newsletter_id = ${newsletter.id} and kind = 'regular'
    order by slot_date desc, seq desc limit 5`.execute(db);
  const known = new Set(rows.map((row) => row.slot_date));
  const planned = nextSlots(newsletter.calendar, newsletter.timeZone, now, 1).filter(
    (slot) => slot.at <= soon && !known.has(slot.date),
  );
  const dates = [
    ...rows.filter((row) => row.is_coming).map((row) => row.slot_date),
    ...planned.map((slot) => slot.date),
  ];
  return dates.find((date) => fits(frequency, date));
}

function fits(frequency: Frequency, date: string): boolean {
  if (frequency === 'weekly') return false;
  return frequency === 'each' || weekday(date) <= 5;
}
