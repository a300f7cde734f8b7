import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { dropLettersAbout } from '../platform/mail/letters.ts';
import { confirmingKinds } from './letter-kinds.ts';

/**
 * Takes away what a person asked for and never confirmed: the links, what the form said of them, the pending subscriptions,
 * and the person too when nothing else is known of them. What they had before a new form asked again is put back. In the
 * caller's transaction; safe to run twice.
 */
export async function erasePending(
  tx: Db,
  what: { subscriberId: number; state: 'withdrawn' | 'expired'; at: Date },
): Promise<void> {
  const { subscriberId, state, at } = what;
  const signUps = await emptySignUps(tx, subscriberId, state);
  for (const kind of confirmingKinds) await dropLettersAbout(tx, kind, signUps, at);
  if (signUps.length > 0) {
    await tx.deleteFrom('confirmation_tokens').where('sign_up_id', 'in', signUps).execute();
  }
  await giveBack(tx, subscriberId);
  await removePending(tx, subscriberId);
  await removeStranger(tx, subscriberId);
}

/** Who takes it back takes back put-off forms of the address too; where time has ended it, a form that has come since stays. */
async function emptySignUps(tx: Db, subscriberId: number, state: 'withdrawn' | 'expired'): Promise<number[]> {
  const which =
    state === 'expired'
      ? sql`state = 'answered' and subscriber_id = ${subscriberId}`
      : sql`state in ('received', 'answered') and (subscriber_id = ${subscriberId}
          or email_key = (select email_key from subscribers where id = ${subscriberId}))`;
  const { rows } = await sql<{ id: number }>`
    update sign_ups set state = ${state}, email = null, email_key = null, page_url = null, ip_net = null,
      agent_family = null, put_off_until = null
    where ${which} returning id`.execute(tx);
  return rows.map((row) => row.id);
}

/** Who had left and was asked back has left again, as before. */
async function giveBack(tx: Db, subscriberId: number): Promise<void> {
  await tx
    .updateTable('subscriptions')
    .set({ state: 'unsubscribed' })
    .where('subscriber_id', '=', subscriberId)
    .where('state', '=', 'pending')
    .where((eb) => eb.or([eb('confirmed_at', 'is not', null), eb('unsubscribed_at', 'is not', null)]))
    .execute();
}

async function removePending(tx: Db, subscriberId: number): Promise<void> {
  await sql`
    delete from subscriber_events where subscription_id in (
      select id from subscriptions where subscriber_id = ${subscriberId} and state = 'pending')`.execute(tx);
  await tx
    .deleteFrom('subscriptions')
    .where('subscriber_id', '=', subscriberId)
    .where('state', '=', 'pending')
    .execute();
}

/** Suppressions and bounces stay, on the fingerprint and the numbers alone. */
async function removeStranger(tx: Db, subscriberId: number): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    select id from subscribers s where id = ${subscriberId} and erased_at is null and marketing_since is null
      and not exists (select 1 from subscriptions where subscriber_id = s.id)
      and not exists (select 1 from consents where subscriber_id = s.id)
    for update`.execute(tx);
  if (rows.length === 0) return;
  for (const table of ['sign_ups', 'suppressions', 'bounces'] as const) {
    await tx
      .updateTable(table)
      .set({ subscriber_id: null })
      .where('subscriber_id', '=', subscriberId)
      .execute();
  }
  await tx.deleteFrom('subscriber_events').where('subscriber_id', '=', subscriberId).execute();
  await tx.deleteFrom('subscribers').where('id', '=', subscriberId).execute();
}
