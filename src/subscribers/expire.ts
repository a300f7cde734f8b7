import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { erasePending } from './erase-pending.ts';
import { lockSubscriber } from './queries.ts';

const batchMax = 500;
const batchesMax = 200;
const neverAnsweredMs = 14 * 24 * 60 * 60_000;

/**
 * Forgets sign-ups that nobody confirmed: seven days after their newest link ended, fourteen after the form if no letter ever
 * left. A person who is still pending from a newer form stays. Safe to run at any time.
 *
 * @returns how many sign-ups ended.
 */
export async function expireSignUps(ctx: Context): Promise<number> {
  let expired = 0;
  for (let batch = 0; batch < batchesMax; batch += 1) {
    const ended = await endSome(ctx);
    expired += ended;
    if (ended < batchMax) break;
  }
  if (expired > 0) ctx.log.info({ deed: 'expire', expired }, 'forgot sign-ups that were never confirmed');
  return expired;
}

function endSome(ctx: Context): Promise<number> {
  const now = ctx.clock.now();
  return ctx.db.transaction().execute(async (tx) => {
    const due = await ended(tx, now);
    const people = [...new Set(due.flatMap((row) => row.subscriber_id ?? []))].sort((a, b) => a - b);
    // People first, in one order, as everyone who changes a person does.
    for (const subscriberId of people) await lockSubscriber(tx, subscriberId);
    const ids = due.map((row) => row.id);
    const { rows } = await sql<{ id: number }>`
      update sign_ups set state = 'expired', email = null, email_key = null, page_url = null, ip_net = null,
        agent_family = null
      where id = any(${ids}::bigint[]) and state in ('received', 'answered') returning id`.execute(tx);
    await sql`delete from confirmation_tokens where sign_up_id = any(${rows.map((row) => row.id)}::bigint[])`.execute(
      tx,
    );
    for (const subscriberId of people) {
      if (!(await waitsStill(tx, subscriberId))) {
        await erasePending(tx, { subscriberId, state: 'expired', at: now });
      }
    }
    return due.length;
  });
}

async function ended(tx: Db, now: Date): Promise<{ id: number; subscriber_id: number | null }[]> {
  const { rows } = await sql<{ id: number; subscriber_id: number | null }>`
    select id, subscriber_id from sign_ups
    where (state = 'answered' and expires_at <= ${now})
      or (state = 'received' and created_at <= ${new Date(now.getTime() - neverAnsweredMs)})
    order by id limit ${batchMax}`.execute(tx);
  return rows;
}

/** A newer form of the same person may still be confirmed. */
async function waitsStill(tx: Db, subscriberId: number): Promise<boolean> {
  const open = await tx
    .selectFrom('sign_ups')
    .select('id')
    .where('subscriber_id', '=', subscriberId)
    .where('state', '=', 'answered')
    .where('outcome', '=', 'confirmation')
    .limit(1)
    .executeTakeFirst();
  return open !== undefined;
}
