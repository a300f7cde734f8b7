import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { allFingerprints, fingerprint, seal, unseal } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { dropLettersAbout } from '../platform/mail/letters.ts';
import { writeEmail } from './change-email.ts';
import { recordEvents } from './events.ts';
import type { LetterKind } from './letter-kinds.ts';
import { lockSubscriber, selectSubscriber } from './queries.ts';
import { lockAddress } from './sign-up-queries.ts';
import { unmerge } from './unmerge.ts';

export const stopMs = 72 * 60 * 60_000;

interface Stop {
  changeId: number;
  email: string;
}

/**
 * The token behind "Stop this". It carries the address that it is mailed to, sealed: after the change nothing else of ours
 * knows that address any more, and the link brings it back.
 */
export function stopToken(ctx: Context, stop: Stop, askedAt: Date): string {
  return seal(ctx.keyring, 'stop_change', stop, new Date(askedAt.getTime() + stopMs));
}

export function openStopToken(ctx: Context, token: string): Stop | undefined {
  const opened = unseal(ctx.keyring, 'stop_change', token, ctx.clock.now());
  return opened === undefined ? undefined : (opened as Stop);
}

/** Whether there is anything to stop. Looks only. */
export async function canStop(ctx: Context, { changeId }: Stop): Promise<boolean> {
  const row = await ctx.db
    .selectFrom('email_changes')
    .select('state')
    .where('id', '=', changeId)
    .where('state', 'in', ['asked', 'changed'])
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Stops a change of address, within 72 hours of when it was asked for, also after the new address said yes: the person is
 * written to at the old one again, and two readers whom it made one are two again. Whoever has the account open is sent out of it.
 * Safe to run twice.
 *
 * @returns whether this call stopped it.
 */
export async function stopEmailChange(ctx: Context, stop: Stop): Promise<boolean> {
  const now = ctx.clock.now();
  const address = parseEmailAddress(stop.email);
  const stopped = await ctx.db.transaction().execute(async (tx) => {
    const change = await tx
      .selectFrom('email_changes')
      .select(['subscriber_id', 'state'])
      .where('id', '=', stop.changeId)
      .executeTakeFirst();
    if (!change || !address) return undefined;
    await lockAddress(tx, fingerprint(ctx.keyring, address.limitKey).bytes);
    const merged = (await selectSubscriber(tx, { id: change.subscriber_id }))?.mergedInto;
    const held = [change.subscriber_id, ...(merged === undefined ? [] : [merged])].sort((a, b) => a - b);
    for (const id of held) await lockSubscriber(tx, id);
    const person = await selectSubscriber(tx, { id: change.subscriber_id });
    if (!person || person.mergedInto !== merged) return undefined;
    if (person.emailKey === undefined && merged === undefined) return undefined;
    const other = await selectSubscriber(tx, { emailKey: address.key });
    if (other && other.id !== person.id) return undefined;
    const claimed = await tx
      .updateTable('email_changes')
      .set({ state: 'stopped', new_email: null })
      .where('id', '=', stop.changeId)
      .where('state', 'in', ['asked', 'changed'])
      .returning('id')
      .executeTakeFirst();
    if (!claimed) return undefined;
    await dropLettersAbout(tx, 'change-email' satisfies LetterKind, [stop.changeId], now);
    if (merged !== undefined) {
      await reviveMerged(ctx, tx, person.id, address);
      await unmerge(tx, { fromId: person.id, intoId: merged, changeId: stop.changeId, at: now });
    }
    await writeEmail(ctx, tx, { subscriberId: person.id, email: address.email, emailKey: address.key });
    await tx.deleteFrom('account_sessions').where('subscriber_id', 'in', held).execute();
    await recordEvents(tx, [
      { subscriberId: person.id, kind: 'email_change_stopped', actor: 'reader', at: now },
    ]);
    return person.id;
  });
  ctx.log.info({ deed: 'stop-email-change', changeId: stop.changeId, stopped: stopped !== undefined });
  return stopped !== undefined;
}

/** A merged reader has no address; the link that stops the change has kept it for them. */
async function reviveMerged(
  ctx: Context,
  tx: Db,
  subscriberId: number,
  address: EmailAddress,
): Promise<void> {
  await tx
    .updateTable('subscribers')
    .set({ email: address.email, email_key: address.key, erased_at: null, merged_into: null })
    .where('id', '=', subscriberId)
    .execute();
  await tx
    .updateTable('suppressions')
    .set({ subscriber_id: subscriberId })
    .where('fingerprint', 'in', allFingerprints(ctx.keyring, address.key))
    .execute();
}
