import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { fingerprint } from '../lib/signed-token.ts';
import { planLetter } from '../platform/mail/letters.ts';
import type { AccountAct } from './account-acts.ts';
import type { LetterKind } from './letter-kinds.ts';
import { lockSubscriber } from './queries.ts';
import { ringNotice } from './ring-notice.ts';

const gapMs = 10 * 60_000;
const dayMs = 24 * 60 * 60_000;
const perDayMax = 5;

/**
 * Mails a link to the address on file that opens the reader's account for 30 minutes. Whoever holds an everyday link may ask
 * for it, so it is sent every ten minutes and five times a day at most; the answer is the same either way.
 *
 * @returns the letter, when this call planned one.
 */
export async function askForAccountLink(
  ctx: Context,
  what: { subscriberId: number; act: AccountAct },
): Promise<number | undefined> {
  const now = ctx.clock.now();
  const letterId = await ctx.db.transaction().execute(async (tx) => {
    const person = await lockSubscriber(tx, what.subscriberId);
    if (person?.email === undefined) return undefined;
    const recent = await tx
      .selectFrom('account_links')
      .select('asked_at')
      .where('subscriber_id', '=', person.id)
      .where('asked_at', '>', new Date(now.getTime() - dayMs))
      .execute();
    if (recent.length >= perDayMax) return undefined;
    if (recent.some((one) => now.getTime() - one.asked_at.getTime() < gapMs)) return undefined;
    const { id } = await tx
      .insertInto('account_links')
      .values({ subscriber_id: person.id, act: what.act, asked_at: now })
      .returning('id')
      .executeTakeFirstOrThrow();
    const limitKey = parseEmailAddress(person.email)?.limitKey ?? person.email;
    const letter = await planLetter(tx, {
      kind: 'account-link' satisfies LetterKind,
      about: id,
      fingerprint: fingerprint(ctx.keyring, limitKey).bytes,
      at: now,
    });
    return letter.id;
  });
  ctx.log.info(
    { deed: 'ask-for-account-link', subscriberId: what.subscriberId, letterId },
    'asked for account',
  );
  if (letterId !== undefined) await ringNotice(ctx, letterId);
  return letterId;
}
