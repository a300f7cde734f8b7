import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

const sendsLookedAt = 10;
/** Fewer tell nothing about speed. */
const mailsMin = 50;

/**
 * How many mails per second the best of the last ten finished sends came to, from its start to its end; `undefined` when none
 * had at least fifty. The best, since a few retries at the end of a send only make it look slower than the program is.
 */
export async function measuredSpeed(db: Db): Promise<number | undefined> {
  const { rows } = await sql<{ per_second: number | null }>`
    with recent as (
      select edition_id, extract(epoch from finished_at - started_at)::float8 as seconds from sends
      where finished_at is not null and started_at is not null order by edition_id desc limit ${sendsLookedAt}
    ), handed_over as (
      select r.seconds, sum(c.accepted + c.refused + c.unknown)::float8 as n
      from recent r join send_counts c on c.edition_id = r.edition_id group by r.edition_id, r.seconds
    )
    select max(n / greatest(seconds, 1)) as per_second from handed_over where n >= ${mailsMin}`.execute(db);
  return rows[0]?.per_second ?? undefined;
}
