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

const pageSize = 50_000;
