import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';

/**
 * Makes two readers again of one, as they were before that change of address merged them: what has been changed since stays
 * changed. In the caller's transaction, which holds both and gives the first their address back. Safe to run twice.
 */
export async function unmerge(
  tx: Db,
  two: { fromId: number; intoId: number; changeId: number; at: Date },
): Promise<void> {
  const { fromId, intoId, changeId, at } = two;
  const rows = await restoreSubscriptions(tx, two);
  await restorePeople(tx, two);
  await withdrawMoved(tx, two);
  await sql`
    update sign_ups set subscriber_id = ${fromId} where subscriber_id = ${intoId} and id in (
      select jsonb_array_elements_text(e.before->'sign_ups')::bigint from subscriber_events e
      where e.subscriber_id = ${fromId} and e.kind = 'merged' and e.subscription_id is null
        and (e.before->>'change')::bigint = ${changeId})`.execute(tx);
  await recordEvents(tx, [
    ...rows.map((row) => ({
      subscriberId: row.subscriber_id,
      subscriptionId: row.id,
      kind: 'restored' as const,
      actor: 'reader',
      at,
    })),
  ]);
}

/** A subscription goes back to its reader in any case; how it was, only where nothing has been done with it since. */
async function restoreSubscriptions(
  tx: Db,
  { fromId, intoId, changeId }: { fromId: number; intoId: number; changeId: number },
): Promise<{ id: number; subscriber_id: number }[]> {
  const { rows } = await sql<{ id: number; subscriber_id: number }>`
    with merged as (
      select e.subscription_id, e.before, exists (select from subscriber_events later
        where later.subscription_id = e.subscription_id and later.id > e.id) as touched
      from subscriber_events e
      where e.subscriber_id in (${fromId}, ${intoId}) and e.kind = 'merged' and e.subscription_id is not null
        and (e.before->>'change')::bigint = ${changeId}
    )
    update subscriptions s set
      subscriber_id = (m.before->>'subscriber_id')::bigint,
      state = case when touched then s.state else m.before->>'state' end,
      frequency = case when touched then s.frequency else m.before->>'frequency' end,
      weekly_day = case when touched then s.weekly_day else (m.before->>'weekly_day')::smallint end,
      hour = case when touched then s.hour else (m.before->>'hour')::smallint end,
      topics = case when touched then s.topics
        when jsonb_typeof(m.before->'topics') = 'array' then array(select jsonb_array_elements_text(m.before->'topics')) end,
      paused_until = case when touched then s.paused_until else (m.before->>'paused_until')::timestamptz end,
      confirmed_at = case when touched then s.confirmed_at else (m.before->>'confirmed_at')::timestamptz end,
      unsubscribed_at = case when touched then s.unsubscribed_at else (m.before->>'unsubscribed_at')::timestamptz end,
      catch_up_since = case when touched then s.catch_up_since else (m.before->>'catch_up_since')::timestamptz end
    from merged m where s.id = m.subscription_id
    returning s.id, s.subscriber_id`.execute(tx);
  return rows;
}

/** What the change had agreed to in the other's name is taken back, as every consent is: by a row of its own. */
async function withdrawMoved(
  tx: Db,
  { intoId, changeId, at }: { intoId: number; changeId: number; at: Date },
): Promise<void> {
  await sql`
    insert into consents (subscriber_id, purpose, newsletter_id, act, wording_id, fingerprint, fingerprint_key_id,
      email_masked, method, at)
    select c.subscriber_id, c.purpose, c.newsletter_id, 'withdrawn', c.wording_id, c.fingerprint, c.fingerprint_key_id,
      c.email_masked, 'undo', ${at}
    from consents c join subscriber_events e on e.subscriber_id = c.subscriber_id and e.at = c.at
      and e.kind = 'merged' and e.subscription_id is null and (e.before->>'change')::bigint = ${changeId}
    where c.subscriber_id = ${intoId} and c.method = 'address-change' and not exists (select from consents later
      where later.subscriber_id = c.subscriber_id and later.purpose = c.purpose and later.id > c.id
        and later.newsletter_id is not distinct from c.newsletter_id)`.execute(tx);
}

async function restorePeople(
  tx: Db,
  { fromId, intoId, changeId }: { fromId: number; intoId: number; changeId: number },
): Promise<void> {
  await sql`
    update subscribers s set language = e.before->>'language', time_zone = e.before->>'time_zone',
      tags = array(select jsonb_array_elements_text(e.before->'tags')), source = e.before->>'source',
      marketing_since = (e.before->>'marketing_since')::timestamptz
    from subscriber_events e
    where s.id in (${fromId}, ${intoId}) and e.subscriber_id = s.id and e.kind = 'merged' and e.subscription_id is null
      and (e.before->>'change')::bigint = ${changeId}
      and not exists (select from subscriber_events later where later.subscriber_id = s.id and later.id > e.id
        and later.kind in ('language_changed', 'time_zone_changed', 'changed', 'marketing_given', 'marketing_withdrawn', 'erased'))`.execute(
    tx,
  );
}
