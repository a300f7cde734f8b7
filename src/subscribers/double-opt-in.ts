import type { Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { findLetter } from '../platform/mail/letters.ts';
import { recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import type { LetterKind } from './letter-kinds.ts';
import { type SignUp, selectWordings } from './sign-up-queries.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Records what the reader agreed to by confirming: each newsletter and, if its box stayed ticked, marketing, with the exact
 * words, the form and the letter that proves the address. In the caller's transaction.
 */
export async function recordDoubleOptIn(
  tx: Db,
  keyring: Keyring,
  agreed: {
    person: Subscriber;
    signUp: SignUp;
    newsletterIds: readonly number[];
    marketing: boolean;
    at: Date;
  },
): Promise<void> {
  const { person, signUp, newsletterIds, marketing, at } = agreed;
  if (person.email === undefined || person.emailKey === undefined) return;
  const wordings = await selectWordings(tx, signUp.wordingIds);
  const proof = {
    subscriberId: person.id,
    email: person.email,
    emailKey: person.emailKey,
    act: 'given' as const,
    method: 'double-opt-in' as const,
    form: signUp.form,
    pageUrl: signUp.pageUrl,
    ipNet: signUp.ipNet,
    agentFamily: signUp.agentFamily,
    letterId: await findLetter(tx, 'confirmation' satisfies LetterKind, signUp.id),
    at,
  };
  const wordingOf = (newsletterId: number) =>
    wordings.find((one) => one.purpose === 'newsletter' && one.newsletterId === newsletterId)?.id;
  await recordConsents(
    tx,
    keyring,
    newsletterIds.map((newsletterId) => ({
      ...proof,
      purpose: 'newsletter',
      newsletterId,
      wordingId: wordingOf(newsletterId),
    })),
  );
  if (!marketing) return;
  const wordingId = wordings.find((one) => one.purpose === 'marketing')?.id;
  await recordConsents(tx, keyring, [{ ...proof, purpose: 'marketing', wordingId }]);
  await tx
    .updateTable('subscribers')
    .set({ marketing_since: at })
    .where('id', '=', person.id)
    .where('marketing_since', 'is', null)
    .execute();
  await recordEvents(tx, [
    {
      subscriberId: person.id,
      kind: 'marketing_given',
      before: { marketing_since: person.marketingSince ?? null },
      actor: 'reader',
      at,
    },
  ]);
}
