import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import { idsOf } from './merged.ts';
import { nobody } from './nobody.ts';
import { lastWording, selectSubscriptions } from './queries.ts';
import type { Subscriber, Subscription } from './subscriber.ts';

/**
 * Makes one reader of two, when the mailbox of one has said yes to being the other's address: from now on `into`, who has that
 * mailbox, stands for both. Their subscriptions are united: what either gets is got, once, as the reader who moved had chosen
 * it. Consents and history stay where they were written, and are found for both. What is queued for `from` is skipped, so that
 * no mail comes twice; whoever sends gives it to `into` when they have none of their own. In the caller's transaction, which holds both; `unmerge` takes it back by the events written here.
 */
export async function merge(
  ctx: Context,
  tx: Db,
  two: { from: Subscriber; into: Subscriber; changeId: number },
): Promise<void> {
  const { from, into, changeId } = two;
  const at = ctx.clock.now();
  const [moving, staying] = [await selectSubscriptions(tx, from.id), await selectSubscriptions(tx, into.id)];
  for (const one of moving) {
    const other = staying.find((known) => known.newsletterId === one.newsletterId);
    if (!other) await move(tx, one, into, changeId, at);
    else await unite(tx, { one, other, changeId, at });
    if (one.state === 'active' && other?.state !== 'active') await consentTo(ctx, tx, two, one.newsletterId);
  }
  await uniteMarketing(ctx, tx, two);
  const signUps = await moveSignUps(tx, from.id, into.id);
  for (const person of [from, into]) {
    await recordEvents(tx, [
      {
        subscriberId: person.id,
        kind: 'merged',
        before: { change: changeId, ...choicesOf(person), sign_ups: person === from ? signUps : [] },
        actor: 'reader',
        at,
      },
    ]);
  }
  await tx
    .updateTable('subscribers')
    .set({
      language: from.language,
      time_zone: from.timeZone ?? into.timeZone ?? null,
      tags: [...new Set([...into.tags, ...from.tags])],
    })
    .where('id', '=', into.id)
    .execute();
  await leaveBehind(tx, from.id, into.id, at);
}

/** What `unmerge` puts back on a person. No address. */
function choicesOf({ language, timeZone, tags, source, marketingSince, mailState }: Subscriber) {
  return {
    language,
    time_zone: timeZone ?? null,
    tags,
    source: source ?? null,
    marketing_since: marketingSince ?? null,
    mail_state: mailState,
  };
}

async function move(tx: Db, one: Subscription, into: Subscriber, changeId: number, at: Date): Promise<void> {
  const before = await noteBefore(tx, one.id, changeId);
  await tx.updateTable('subscriptions').set({ subscriber_id: into.id }).where('id', '=', one.id).execute();
  await recordEvents(tx, [
    { subscriberId: into.id, subscriptionId: one.id, kind: 'merged', before, actor: 'reader', at },
  ]);
}

/** Of two subscriptions to one newsletter the one of the mailbox that stays goes on, with what the other had if that is more. */
async function unite(
  tx: Db,
  two: { one: Subscription; other: Subscription; changeId: number; at: Date },
): Promise<void> {
  const { one, other, changeId, at } = two;
  const befores = [await noteBefore(tx, other.id, changeId), await noteBefore(tx, one.id, changeId)];
  const takes = one.state === 'active' || (one.state === 'pending' && other.state === 'unsubscribed');
  if (takes) {
    // Who is active in both has been written to in both: the choices move, how far they have read stays.
    const stays = one.state === 'active' && other.state === 'active';
    await sql`
      update subscriptions into_row set state = from_row.state, frequency = from_row.frequency,
        weekly_day = from_row.weekly_day, hour = from_row.hour, topics = from_row.topics,
        paused_until = from_row.paused_until,
        confirmed_at = case when ${stays} then into_row.confirmed_at else from_row.confirmed_at end,
        catch_up_since = case when ${stays} then into_row.catch_up_since else from_row.catch_up_since end,
        unsubscribed_at = from_row.unsubscribed_at
      from subscriptions from_row where into_row.id = ${other.id} and from_row.id = ${one.id}`.execute(tx);
  }
  await tx
    .updateTable('subscriptions')
    .set({ state: 'unsubscribed', unsubscribed_at: at })
    .where('id', '=', one.id)
    .execute();
  await recordEvents(
    tx,
    [other, one].map((row, nth) => ({
      subscriberId: row.subscriberId,
      subscriptionId: row.id,
      kind: 'merged' as const,
      before: befores[nth],
      actor: 'reader',
      at,
    })),
  );
}

async function noteBefore(tx: Db, subscriptionId: number, changeId: number): Promise<object> {
  const { rows } = await sql<{ before: object }>`
    select to_jsonb(s) || jsonb_build_object('change', ${changeId}::bigint) as before
    from subscriptions s where id = ${subscriptionId}`.execute(tx);
  return rows[0]?.before ?? {};
}

/** The press in the mailbox is a yes of its own; the words are those that the reader had agreed to. */
async function consentTo(
  ctx: Context,
  tx: Db,
  { from, into }: { from: Subscriber; into: Subscriber },
  newsletterId?: number,
): Promise<void> {
  if (into.email === undefined || into.emailKey === undefined) return;
  const purpose = newsletterId === undefined ? 'marketing' : 'newsletter';
  await recordConsents(tx, ctx.keyring, [
    {
      subscriberId: into.id,
      email: into.email,
      emailKey: into.emailKey,
      purpose,
      newsletterId,
      act: 'given',
      wordingId: await lastWording(tx, from.id, purpose, newsletterId),
      method: 'address-change',
      at: ctx.clock.now(),
    },
  ]);
}

/** Offers are wanted only if the last that either said of them was yes. */
async function uniteMarketing(
  ctx: Context,
  tx: Db,
  two: { from: Subscriber; into: Subscriber },
): Promise<void> {
  const { from, into } = two;
  const { rows } = await sql<{ act: string }>`
    select act from consents where purpose = 'marketing' and subscriber_id in (
      select * from ${idsOf(from.id)} a union select * from ${idsOf(into.id)} b)
    order by at desc, id desc limit 1`.execute(tx);
  const wanted = rows[0]?.act === 'given' && (from.marketingSince ?? into.marketingSince) !== undefined;
  if (wanted === (into.marketingSince !== undefined)) return;
  await tx
    .updateTable('subscribers')
    .set({ marketing_since: wanted ? (from.marketingSince ?? null) : null })
    .where('id', '=', into.id)
    .execute();
  if (wanted) await consentTo(ctx, tx, two);
}

/** Links that wait in letters go on to work. @returns the sign-ups that were moved. */
async function moveSignUps(tx: Db, fromId: number, intoId: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    update sign_ups set subscriber_id = ${intoId}
    where subscriber_id = ${fromId} and state in ('received', 'answered') returning id`.execute(tx);
  return rows.map((row) => row.id);
}

/** Nothing is written to the merged reader any more, and nothing of theirs is open. */
async function leaveBehind(tx: Db, fromId: number, intoId: number, at: Date): Promise<void> {
  await tx.deleteFrom('account_links').where('subscriber_id', '=', fromId).execute();
  await tx.deleteFrom('account_sessions').where('subscriber_id', '=', fromId).execute();
  await tx.deleteFrom('data_copies').where('subscriber_id', '=', fromId).execute();
  // What a newsletter may not send to a person it may not send to whoever stands for them.
  await tx
    .updateTable('suppressions')
    .set({ subscriber_id: intoId })
    .where('subscriber_id', '=', fromId)
    .where('newsletter_id', 'is not', null)
    .execute();
  await tx
    .updateTable('subscribers')
    .set({ ...nobody, erased_at: at, merged_into: intoId })
    .where('id', '=', fromId)
    .execute();
}
