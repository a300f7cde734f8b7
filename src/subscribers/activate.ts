import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';
import { priorColumns } from './queries.ts';

/**
 * Makes pending subscriptions active, each with its event, in the caller's transaction. Only pending ones: who has left stays
 * away until a new form asks.
 *
 * @returns the ids of the subscriptions that this call activated.
 */
export async function activate(
  tx: Db,
  subscriberId: number,
  newsletterIds: readonly number[],
  now: Date,
): Promise<number[]> {
  const { rows } = await sql<{ id: number; before: unknown }>`
    with prior as (
      select ${priorColumns} from subscriptions
      where subscriber_id = ${subscriberId} and newsletter_id = any(${[...newsletterIds]}::bigint[]) and state = 'pending'
      for update
    ), moved as (
      update subscriptions s set state = 'active', confirmed_at = ${now}, unsubscribed_at = null, paused_until = null,
        catch_up_since = ${now}
      from prior where s.id = prior.id returning s.id
    )
    select moved.id, to_jsonb(prior) as before from moved join prior using (id) order by id`.execute(tx);
  await recordEvents(
    tx,
    rows.map(({ id, before }) => ({
      subscriberId,
      subscriptionId: id,
      kind: 'confirmed',
      before,
      actor: 'reader',
      at: now,
    })),
  );
  return rows.map((row) => row.id);
}

/** An unticked newsletter is left as if it had been left: the reader said no to it. */
export async function leaveOut(
  tx: Db,
  subscriberId: number,
  newsletterIds: readonly number[],
  now: Date,
): Promise<void> {
  if (newsletterIds.length === 0) return;
  const rows = await tx
    .updateTable('subscriptions')
    .set({ state: 'unsubscribed', unsubscribed_at: now })
    .where('subscriber_id', '=', subscriberId)
    .where('newsletter_id', 'in', [...newsletterIds])
    .where('state', '=', 'pending')
    .returning('id')
    .execute();
  await recordEvents(
    tx,
    rows.map(({ id }) => ({ subscriberId, subscriptionId: id, kind: 'left_out', actor: 'reader', at: now })),
  );
}

/** Those of the newsletters that the person has. */
export async function activeAmong(
  tx: Db,
  subscriberId: number,
  newsletterIds: readonly number[],
): Promise<number[]> {
  const rows = await tx
    .selectFrom('subscriptions')
    .select('newsletter_id')
    .where('subscriber_id', '=', subscriberId)
    .where('newsletter_id', 'in', [...newsletterIds])
    .where('state', '=', 'active')
    .orderBy('newsletter_id')
    .execute();
  return rows.map((row) => row.newsletter_id);
}
