import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { fingerprint, seal, unseal } from '../lib/signed-token.ts';
import { dropLettersAbout } from '../platform/mail/letters.ts';
import { writeEmail } from './change-email.ts';
import { recordEvents } from './events.ts';
import type { LetterKind } from './letter-kinds.ts';
import { lockSubscriber, selectSubscriber } from './queries.ts';
import { lockAddress } from './sign-up-queries.ts';

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
 * written to at the old one again. Whoever has the account open is sent out of it. Safe to run twice.
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
    const person = await lockSubscriber(tx, change.subscriber_id);
    if (person?.emailKey === undefined) return undefined;
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
    await writeEmail(ctx, tx, { subscriberId: person.id, email: address.email, emailKey: address.key });
    await tx.deleteFrom('account_sessions').where('subscriber_id', '=', person.id).execute();
    await recordEvents(tx, [
      { subscriberId: person.id, kind: 'email_change_stopped', actor: 'reader', at: now },
    ]);
    return person.id;
  });
  ctx.log.info({ deed: 'stop-email-change', changeId: stop.changeId, stopped: stopped !== undefined });
  return stopped !== undefined;
}
