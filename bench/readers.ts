import { sql } from 'kysely';
import type { Context } from '../src/context.ts';

const domains = 20;

/**
 * Gives a newsletter its audience: active, confirmed readers at twenty domains, the same people for every newsletter. Written
 * as rows, by the thousand: a million sign-ups would take longer than everything that is measured.
 */
export async function addReaders(ctx: Context, newsletterId: number, readers: number): Promise<void> {
  const at = new Date(ctx.clock.now().getTime() - 24 * 3_600_000);
  for (let from = 1; from <= readers; from += pageSize) {
    const to = Math.min(readers, from + pageSize - 1);
    await sql`
      with named as (
        select 'reader' || n || '@mail-' || n % ${domains}::int || '.example' as email
        from generate_series(${from}::int, ${to}::int) as n
      ), made as (
        insert into subscribers (email, email_key, language, created_at)
        select email, email, 'en', ${at}::timestamptz from named on conflict (email_key) do nothing returning id
      ), everyone as (
        select id from made union all select s.id from named join subscribers s on s.email_key = named.email
      )
      insert into subscriptions (subscriber_id, newsletter_id, state, confirmed_at, created_at)
      select id, ${newsletterId}, 'active', ${at}, ${at} from everyone order by id`.execute(ctx.db);
  }
  await sql`vacuum analyze subscribers, subscriptions`.execute(ctx.db);
}

/** Zones of readers who have chosen an hour of their own. */
const zones = [
  'Asia/Jakarta',
  'Asia/Makassar',
  'Asia/Tokyo',
  'Asia/Kolkata',
  'Europe/London',
  'Europe/Berlin',
  'Africa/Lagos',
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Los_Angeles',
  'Australia/Sydney',
];

/**
 * Lets some of them live otherwise: every sixth has an hour and a zone of their own, every tenth some topics, every
 * fiftieth has missed the editions since the day before yesterday.
 */
export async function giveRhythms(ctx: Context, newsletterId: number): Promise<void> {
  const since = new Date(ctx.clock.now().getTime() - 48 * 3_600_000);
  await sql`
    update subscriptions set hour = case when id % 6 = 0 then 5 + id / 6 % 18 end,
      topics = case when id % 10 = 3 then array['politics', 'world'] end,
      catch_up_since = case when id % 50 = 0 then ${since}::timestamptz end
    where newsletter_id = ${newsletterId}`.execute(ctx.db);
  await sql`
    update subscribers s set time_zone = (${zones}::text[])[1 + sc.id % ${zones.length}::int]
    from subscriptions sc where sc.subscriber_id = s.id and sc.newsletter_id = ${newsletterId} and sc.hour is not null`.execute(
    ctx.db,
  );
  await sql`vacuum analyze subscribers, subscriptions`.execute(ctx.db);
}

const pageSize = 50_000;
