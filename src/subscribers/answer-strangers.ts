import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { allFingerprints, fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { planLetters } from '../platform/mail/letters-together.ts';
import { type Answer, keptUntil } from './answer.ts';
import { confirmationsCountedMs } from './confirmation-limit.ts';
import { confirmingKinds, type LetterKind } from './letter-kinds.ts';
import { mergeForms } from './merge-forms.ts';
import { type SignUp, selectSignUps, selectWordings } from './sign-up-queries.ts';
import { holdStrangers, lockFree, putStrangers } from './stranger-queries.ts';

const confirmation: LetterKind = 'confirmation';

interface Asking {
  signUp: SignUp;
  address: EmailAddress;
  print: Buffer;
}

/**
 * Answers the plain ones of some sign-ups together, in one transaction: each from an address that nobody has, that is not
 * suppressed and that no letter asked lately. In a rush nearly all are so, and one by one each costs twenty statements. They
 * get the very rows that `answerSignUp` writes; what is not plain, or is being worked on at this moment, is left to it. Safe
 * to run twice.
 *
 * @returns the answers of those that were plain, by their ids.
 */
export async function answerStrangers(
  ctx: Context,
  signUpIds: readonly number[],
): Promise<Map<number, Answer>> {
  const answers = await ctx.db.transaction().execute(async (tx) => {
    const asking = onePerMailbox(ctx, await selectSignUps(tx, signUpIds));
    if (asking.length === 0) return new Map<number, Answer>();
    const free = await lockFree(
      tx,
      asking.map(({ print }) => print),
    );
    const held = await hold(
      ctx,
      tx,
      asking.filter((_, nth) => free[nth]),
    );
    return held.length === 0 ? new Map<number, Answer>() : ask(ctx, tx, held);
  });
  for (const signUpId of answers.keys())
    ctx.log.info({ deed: 'answer-sign-up', signUpId, outcome: confirmation }, 'answered');
  return answers;
}

/** The first sign-up of each mailbox, where it is a plain one: what a second one may get depends on the first. */
function onePerMailbox({ keyring }: Context, signUps: readonly SignUp[]): Asking[] {
  const found = new Map<string, Asking>();
  for (const signUp of signUps) {
    const { state, asks, signal, email, putOffUntil } = signUp;
    if (state !== 'received' || asks !== 'subscribe' || signal !== undefined || putOffUntil !== undefined)
      continue;
    const address = email === undefined ? undefined : parseEmailAddress(email);
    if (!address || found.has(address.limitKey)) continue;
    found.set(address.limitKey, { signUp, address, print: fingerprint(keyring, address.limitKey).bytes });
  }
  return [...found.values()];
}

async function hold({ keyring, clock }: Context, tx: Db, asking: readonly Asking[]): Promise<Asking[]> {
  const held = await holdStrangers(
    tx,
    asking.map(({ signUp, address }) => ({
      id: signUp.id,
      emailKey: address.key,
      prints: allFingerprints(keyring, address.key),
      limitPrints: allFingerprints(keyring, address.limitKey),
    })),
    { kinds: confirmingKinds, since: new Date(clock.now().getTime() - confirmationsCountedMs) },
  );
  return asking.filter(({ signUp }) => held.has(signUp.id));
}

async function ask({ clock }: Context, tx: Db, asking: readonly Asking[]): Promise<Map<number, Answer>> {
  const now = clock.now();
  const wordings = await selectWordings(tx, [...new Set(asking.flatMap(({ signUp }) => signUp.wordingIds))]);
  await putStrangers(
    tx,
    asking.map(({ signUp, address }) => ({
      id: signUp.id,
      email: address.email,
      emailKey: address.key,
      lang: signUp.lang,
      form: signUp.form,
      topics: signUp.topics,
      ...mergeForms([signUp], wordings, new Set(signUp.newsletterIds)),
    })),
    { outcome: confirmation, expiresAt: keptUntil(now), at: now },
  );
  const letters = await planLetters(
    tx,
    confirmation,
    asking.map(({ signUp, print }) => ({ about: signUp.id, fingerprint: print })),
    now,
  );
  return new Map(
    asking.map(({ signUp }, nth) => [
      signUp.id,
      { kind: 'planned', outcome: confirmation, letterId: letters[nth] ?? 0 },
    ]),
  );
}
