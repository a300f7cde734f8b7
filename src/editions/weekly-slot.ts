import { sql } from 'kysely';
import { instantOf, isTimeZone, type LocalDate, weekday } from '../lib/clock-time.ts';
import { slotInstant } from '../newsletters/calendar.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';

/**
 * When the weekly edition of a date begins: at the hour of its earliest reader, anywhere in the world; who chose no hour gets
 * it at the newsletter's. One look at the weekly readers of that day, by zone and hour.
 *
 * @returns `undefined` when nobody reads weekly on that day.
 */
export async function weeklySlotAt(
  db: Db,
  newsletter: Newsletter,
  date: LocalDate,
): Promise<Date | undefined> {
  const day = weekday(date);
  const { rows } = await sql<{ zone: string | null; hour: number | null }>`
    select s.time_zone as zone, sc.hour from subscriptions sc join subscribers s on s.id = sc.subscriber_id
    where sc.newsletter_id = ${newsletter.id} and sc.state = 'active' and sc.frequency = 'weekly'
      and (sc.weekly_day = ${day} or ${day === 1} and sc.weekly_day is null)
    group by s.time_zone, sc.hour`.execute(db);
  const instants = rows.map(({ zone, hour }) => {
    if (hour === null) return slotInstant(newsletter.calendar, date, newsletter.timeZone).getTime();
    const own = zone !== null && isTimeZone(zone) ? zone : newsletter.timeZone;
    return instantOf(date, `${String(hour).padStart(2, '0')}:00`, own).getTime();
  });
  return instants.length > 0 ? new Date(Math.min(...instants)) : undefined;
}
