import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';
import { projectMailState } from './mail-state.ts';
import { lockSubscriber, selectSubscriber } from './queries.ts';
import { lockAddress } from './sign-up-queries.ts';

/** `done` also for the second visit; `taken`: another reader has that address; `gone`: stopped, replaced or too old. */
export type EmailChanged = { kind: 'done' | 'taken' | 'gone' };

/** How a change stands, without acting. */
export async function emailChangeState(ctx: Context, changeId: number): Promise<'open' | 'done' | 'gone'> {
  const row = await ctx.db
    .selectFrom('email_changes')
    .select(['state', 'expires_at'])
    .where('id', '=', changeId)
    .executeTakeFirst();
  if (row?.state === 'changed') return 'done';
  return row?.state === 'asked' && row.expires_at > ctx.clock.now() ? 'open' : 'gone';
}

/**
 * The new address says yes: from now on the person is written to there. Subscriptions, choices, consents and history are the
 * person's and stay; of the old address its consents keep a fingerprint. Safe to run twice.
 */
export async function changeEmail(ctx: Context, changeId: number): Promise<EmailChanged> {
  const now = ctx.clock.now();
  const changed = await ctx.db.transaction().execute(async (tx): Promise<EmailChanged> => {
    const asked = await tx
      .selectFrom('email_changes')
      .select(['subscriber_id', 'new_email', 'state'])
      .where('id', '=', changeId)
      .executeTakeFirst();
    if (asked?.state === 'changed') return { kind: 'done' };
    const address = asked?.new_email ? parseEmailAddress(asked.new_email) : undefined;
    if (!asked || !address) return { kind: 'gone' };
    await lockAddress(tx, fingerprint(ctx.keyring, address.limitKey).bytes);
    const person = await lockSubscriber(tx, asked.subscriber_id);
    if (person?.emailKey === undefined) return { kind: 'gone' };
    const other = await selectSubscriber(tx, { emailKey: address.key });
    if (other && other.id !== person.id) return { kind: 'taken' };
    const claimed = await tx
      .updateTable('email_changes')
      .set({ state: 'changed', changed_at: now, new_email: null })
      .where('id', '=', changeId)
      .where('state', '=', 'asked')
      .where('expires_at', '>', now)
      .returning('id')
      .executeTakeFirst();
    if (!claimed) return { kind: 'gone' };
    await writeEmail(ctx, tx, { subscriberId: person.id, email: address.email, emailKey: address.key });
    await recordEvents(tx, [{ subscriberId: person.id, kind: 'email_changed', actor: 'reader', at: now }]);
    return { kind: 'done' };
  });
  ctx.log.info({ deed: 'change-email', changeId, outcome: changed.kind }, 'email change');
  return changed;
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
