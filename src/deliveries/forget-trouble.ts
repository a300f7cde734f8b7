import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';

const rememberedMs = 24 * 3_600_000;

/**
 * Forgets trouble of lanes that nothing was heard of for a day after their rest: a new edition begins like any other. What an
 * operator set stays. Safe to run twice.
 *
 * @returns how many lanes are simply open again.
 */
export async function forgetTrouble(db: Db, now: Date): Promise<number> {
  const before = new Date(now.getTime() - rememberedMs);
  await sql`
    update lanes set probe = null, probe_accepted = 0, failures = 0, back_off_until = null, reason = null,
      last_answer = null
    where probe is not null and changed_at < ${before} and coalesce(back_off_until < ${before}, true)`.execute(
    db,
  );
  const { rows } = await sql`
    delete from lanes where state = 'open' and probe is null and connections is null and rate_per_second is null
      and back_off_until is null returning lane`.execute(db);
  return rows.length;
}
