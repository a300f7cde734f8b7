import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { fingerprint, type Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { planLetter } from '../platform/mail/letters.ts';
import type { LetterKind } from './letter-kinds.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Plans the welcome to subscriptions that have become active, in the transaction that made them so. Once per subscription,
 * however often that happens.
 *
 * @returns the letters that this call planned.
 */
export async function planWelcome(
  tx: Db,
  keyring: Keyring,
  person: Subscriber,
  subscriptionIds: readonly number[],
  now: Date,
): Promise<number[]> {
  if (person.email === undefined) return [];
  const print = fingerprint(keyring, parseEmailAddress(person.email)?.limitKey ?? person.email).bytes;
  const kind: LetterKind = 'welcome';
  const letterIds: number[] = [];
  for (const about of subscriptionIds) {
    const { id, planned } = await planLetter(tx, { kind, about, fingerprint: print, at: now });
    if (planned) letterIds.push(id);
  }
  return letterIds;
}

/** What was decided stands whether or not the bell rings: `rescue` rings for letters that are due. */
export async function ringWelcomes(ctx: Context, letterIds: readonly number[]): Promise<void> {
  for (const letterId of letterIds) {
    try {
      await ctx.queues.ring('send-welcome', { letterIds: [letterId] });
    } catch (error) {
      ctx.log.warn(
        { deed: 'ring', job: 'send-welcome', letterId, reason: String(error) },
        'the bell did not ring',
      );
    }
  }
}
