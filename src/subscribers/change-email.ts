import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';
import { projectMailState } from './mail-state.ts';
import { merge } from './merge.ts';
import { lockSubscriber, selectSubscriber } from './queries.ts';
import { lockAddress } from './sign-up-queries.ts';
import type { Subscriber } from './subscriber.ts';

/** `done` also for the second visit; `gone`: stopped, replaced or too old. */
export type EmailChanged = { kind: 'done' | 'gone' };

/** How a change stands, without acting; `joins`: a reader of that address is there already, and both would become one. */
export async function emailChangeState(
  ctx: Context,
  changeId: number,
): Promise<'open' | 'joins' | 'done' | 'gone'> {
  const row = await ctx.db
    .selectFrom('email_changes')
    .select(['state', 'expires_at', 'new_email', 'subscriber_id'])
    .where('id', '=', changeId)
    .executeTakeFirst();
  if (row?.state === 'changed') return 'done';
  if (row?.state !== 'asked' || row.expires_at <= ctx.clock.now()) return 'gone';
  const address = parseEmailAddress(row.new_email ?? '');
  const other = address && (await selectSubscriber(ctx.db, { emailKey: address.key }));
  return other && other.id !== row.subscriber_id ? 'joins' : 'open';
}

/**
 * The new address says yes: from now on the person is written to there. Subscriptions, choices, consents and history are the
 * person's and stay; of the old address its consents keep a fingerprint. When the new address is another reader's, whose mailbox has
 * just said yes, the two become one (`merge`). Safe to run twice.
 */
export async function changeEmail(ctx: Context, changeId: number): Promise<EmailChanged> {
  const now = ctx.clock.now();
  const changed = await ctx.db.transaction().execute(async (tx): Promise<EmailChanged> => {
    const seen = await selectChange(tx, changeId);
    const address = parseEmailAddress(seen?.new_email ?? '');
    if (address) await lockAddress(tx, fingerprint(ctx.keyring, address.limitKey).bytes);
    // Whoever held the lock may have done it.
    const asked = await selectChange(tx, changeId);
    if (asked?.state === 'changed') return { kind: 'done' };
    if (!asked || !address) return { kind: 'gone' };
    const { person, other } = await lockBoth(tx, asked.subscriber_id, address.key);
    if (person?.emailKey === undefined) return { kind: 'gone' };
    const claimed = await tx
      .updateTable('email_changes')
      .set({ state: 'changed', changed_at: now, new_email: null })
      .where('id', '=', changeId)
      .where('state', '=', 'asked')
      .where('expires_at', '>', now)
      .returning('id')
      .executeTakeFirst();
    if (!claimed) return { kind: 'gone' };
    if (other) await merge(ctx, tx, { from: person, into: other, changeId });
    else await writeEmail(ctx, tx, { subscriberId: person.id, email: address.email, emailKey: address.key });
    const subscriberId = (other ?? person).id;
    await recordEvents(tx, [{ subscriberId, kind: 'email_changed', actor: 'reader', at: now }]);
    return { kind: 'done' };
  });
  ctx.log.info({ deed: 'change-email', changeId, outcome: changed.kind }, 'email change');
  return changed;
}

function selectChange(tx: Db, changeId: number) {
  return tx
    .selectFrom('email_changes')
    .select(['subscriber_id', 'new_email', 'state'])
    .where('id', '=', changeId)
    .executeTakeFirst();
}

/** The person and whoever has the address, held in the order of their ids, so that no two changes wait for each other. */
async function lockBoth(
  tx: Db,
  subscriberId: number,
  emailKey: string,
): Promise<{ person: Subscriber | undefined; other: Subscriber | undefined }> {
  const found = await selectSubscriber(tx, { emailKey });
  const held = new Map<number, Subscriber | undefined>();
  for (const id of [subscriberId, found?.id ?? subscriberId].sort((a, b) => a - b)) {
    if (!held.has(id)) held.set(id, await lockSubscriber(tx, id));
  }
  const other = found && found.id !== subscriberId ? held.get(found.id) : undefined;
  // Their address was another's before we held them.
  return { person: held.get(subscriberId), other: other?.emailKey === emailKey ? other : undefined };
}

/** Writes a person's address, and what the suppressions of it say. In the caller's transaction, which holds the person. */
export async function writeEmail(
  ctx: Context,
  tx: Db,
  to: { subscriberId: number; email: string; emailKey: string },
): Promise<void> {
  await tx
    .updateTable('subscribers')
    .set({ email: to.email, email_key: to.emailKey })
    .where('id', '=', to.subscriberId)
    .where('erased_at', 'is', null)
    .execute();
  await projectMailState(tx, ctx.keyring, { id: to.subscriberId, emailKey: to.emailKey });
}
