import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { allFingerprints, fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { dropLettersAbout, lettersSince, planLetter } from '../platform/mail/letters.ts';
import { recordEvents } from './events.ts';
import type { LetterKind } from './letter-kinds.ts';
import { mailBarrier } from './mail-barrier.ts';
import { standingSuppressions } from './mail-state.ts';
import { lockSubscriber } from './queries.ts';
import { ringNotice } from './ring-notice.ts';

const dayMs = 24 * 60 * 60_000;
export const changeMs = 7 * dayMs;
const perDayMax = 3;
const newLink: LetterKind = 'change-email';
const oldNotice: LetterKind = 'change-notice';

/** `asked` is said whether or not anything was sent: what the new address is to us is nobody's business. */
export type EmailChangeAsked = { kind: 'asked' | 'invalid_email' | 'same' };

/**
 * Asks for another address. The new one gets a link that confirms it, the one on file a notice that can stop it; until then
 * nothing changes. An earlier change that is still open is over. Three a day at most, for the person and for the new address;
 * an address that may not be written to gets nothing.
 */
export async function askEmailChange(
  ctx: Context,
  asked: { subscriberId: number; email: string },
): Promise<EmailChangeAsked> {
  const address = parseEmailAddress(asked.email);
  if (!address) return { kind: 'invalid_email' };
  const outcome = await ctx.db.transaction().execute(async (tx) => {
    const person = await lockSubscriber(tx, asked.subscriberId);
    if (person?.email === undefined) return 'gone' as const;
    if (person.emailKey === address.key && person.email === address.email) return 'same' as const;
    return plan(ctx, tx, { subscriberId: person.id, onFile: person.email, address });
  });
  if (outcome === 'same') return { kind: 'same' };
  const letterIds = outcome === 'gone' ? [] : outcome;
  ctx.log.info({ deed: 'ask-email-change', subscriberId: asked.subscriberId, letters: letterIds.length });
  for (const letterId of letterIds) await ringNotice(ctx, letterId);
  return { kind: 'asked' };
}

async function plan(
  ctx: Context,
  tx: Db,
  what: { subscriberId: number; onFile: string; address: EmailAddress },
): Promise<number[]> {
  const { subscriberId, address } = what;
  const now = ctx.clock.now();
  const since = new Date(now.getTime() - dayMs);
  if (!(await mayAsk(ctx, tx, { subscriberId, address, since }))) return [];
  const replaced = await tx
    .updateTable('email_changes')
    .set({ state: 'stopped', new_email: null })
    .where('subscriber_id', '=', subscriberId)
    .where('state', '=', 'asked')
    .returning('id')
    .execute();
  for (const kind of [newLink, oldNotice]) {
    await dropLettersAbout(
      tx,
      kind,
      replaced.map((row) => row.id),
      now,
    );
  }
  const { id } = await tx
    .insertInto('email_changes')
    .values({
      subscriber_id: subscriberId,
      new_email: address.email,
      asked_at: now,
      expires_at: new Date(now.getTime() + changeMs),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await recordEvents(tx, [{ subscriberId, kind: 'email_change_asked', actor: 'reader', at: now }]);
  const onFileKey = parseEmailAddress(what.onFile)?.limitKey ?? what.onFile;
  const letters = [
    await planLetter(tx, {
      kind: newLink,
      about: id,
      fingerprint: fingerprint(ctx.keyring, address.limitKey).bytes,
      at: now,
    }),
    await planLetter(tx, {
      kind: oldNotice,
      about: id,
      fingerprint: fingerprint(ctx.keyring, onFileKey).bytes,
      at: now,
    }),
  ];
  return letters.map((letter) => letter.id);
}

async function mayAsk(
  ctx: Context,
  tx: Db,
  asked: { subscriberId: number; address: EmailAddress; since: Date },
): Promise<boolean> {
  const { subscriberId, address, since } = asked;
  const byPerson = await tx
    .selectFrom('email_changes')
    .select('id')
    .where('subscriber_id', '=', subscriberId)
    .where('asked_at', '>', since)
    .execute();
  const fingerprints = allFingerprints(ctx.keyring, address.limitKey);
  const toAddress = await lettersSince(tx, { kinds: [newLink], fingerprints, since });
  const standing = await standingSuppressions(tx, ctx.keyring, address.key);
  const open = mailBarrier(standing, ctx.clock.now()) === 'open';
  return byPerson.length < perDayMax && toAddress.length < perDayMax && open;
}
