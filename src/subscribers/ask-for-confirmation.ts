import type { Context } from '../context.ts';
import type { EmailAddress } from '../lib/email-address.ts';
import { allFingerprints, fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { lettersSince, planLetter } from '../platform/mail/letters.ts';
import { type Answer, keptUntil } from './answer.ts';
import { confirmationLimit, confirmationsCountedMs } from './confirmation-limit.ts';
import { confirmingKinds, type LetterKind } from './letter-kinds.ts';
import type { MailBarrier } from './mail-barrier.ts';
import { projectMailState } from './mail-state.ts';
import { makePending } from './make-pending.ts';
import { mergeForms } from './merge-forms.ts';
import { putSubscriber } from './queries.ts';
import {
  mergeSignUp,
  openSignUps,
  putOffSignUp,
  type SignUp,
  selectSignUp,
  selectWordings,
  settleSignUp,
  takePutOff,
} from './sign-up-queries.ts';
import type { Subscriber } from './subscriber.ts';

const confirmation: LetterKind = 'confirmation';

interface Ask {
  signUp: SignUp;
  address: EmailAddress;
  newsletterIds: readonly number[];
  /** The person of the address, if there is one already. */
  person: Subscriber | undefined;
  barrier: MailBarrier;
}

/**
 * Asks the reader to confirm, within the limits of the address: the person and the pending subscriptions appear, what earlier
 * forms asked for joins this letter, and the letter is planned. Runs in the caller's transaction, under the address's lock.
 */
export async function askForConfirmation(ctx: Context, tx: Db, ask: Ask): Promise<Answer> {
  const { signUp, address, newsletterIds, barrier } = ask;
  const now = ctx.clock.now();
  const limit = await limitOf(ctx, tx, ask);
  if (limit.kind === 'put_off') {
    await putOffSignUp(tx, signUp.id, limit.until);
    return limit;
  }
  if (limit.kind === 'drop') {
    await settleSignUp(tx, signUp.id, { outcome: 'limited', expiresAt: keptUntil(now) });
    return { kind: 'silent', outcome: 'limited' };
  }
  const person = await putSubscriber(tx, {
    email: address.email,
    emailKey: address.key,
    language: signUp.lang,
    source: signUp.form,
    at: now,
  });
  if (barrier !== 'open') await projectMailState(tx, ctx.keyring, { id: person.id, emailKey: address.key });
  await makePending(tx, { person, address, signUp, newsletterIds, at: now });
  await merge(tx, ask, person.id, now);
  await settleSignUp(tx, signUp.id, {
    outcome: confirmation,
    subscriberId: person.id,
    expiresAt: keptUntil(now),
  });
  const { id } = await planLetter(tx, {
    kind: confirmation,
    about: signUp.id,
    fingerprint: fingerprint(ctx.keyring, address.limitKey).bytes,
    at: now,
  });
  return { kind: 'planned', outcome: confirmation, letterId: id };
}

async function limitOf(ctx: Context, tx: Db, { address, newsletterIds, person, barrier }: Ask) {
  const now = ctx.clock.now();
  const sent = await lettersSince(tx, {
    kinds: confirmingKinds,
    fingerprints: allFingerprints(ctx.keyring, address.limitKey),
    since: new Date(now.getTime() - confirmationsCountedMs),
  });
  if (barrier === 'hard' && sent.length > 0) return { kind: 'drop' as const, reason: 'month' as const };
  const last = sent[0] && (await selectSignUp(tx, sent[0].about));
  // Two people may share the folded key of the limits: what one asked for does not cover the other.
  const covered =
    last !== undefined &&
    last.subscriberId === person?.id &&
    newsletterIds.every((id) => last.newsletterIds.includes(id));
  return confirmationLimit({ sentAt: sent.map((letter) => letter.at), covered, now });
}

async function merge(tx: Db, { signUp, address, newsletterIds }: Ask, subscriberId: number, now: Date) {
  const putOff = await takePutOff(tx, address.key, signUp.id, keptUntil(now));
  for (const one of putOff) {
    await makePending(tx, {
      person: { id: subscriberId },
      signUp: one,
      newsletterIds: one.newsletterIds,
      at: now,
    });
  }
  const earlier = await openSignUps(tx, subscriberId);
  const forms = [...earlier, ...putOff, { ...signUp, newsletterIds: [...newsletterIds] }];
  const pendingIds = await pendingNewsletters(tx, subscriberId);
  const wordings = await selectWordings(
    tx,
    forms.flatMap((form) => form.wordingIds),
  );
  await mergeSignUp(tx, signUp.id, mergeForms(forms, wordings, new Set([...newsletterIds, ...pendingIds])));
}

async function pendingNewsletters(tx: Db, subscriberId: number): Promise<number[]> {
  const rows = await tx
    .selectFrom('subscriptions')
    .select('newsletter_id')
    .where('subscriber_id', '=', subscriberId)
    .where('state', '=', 'pending')
    .execute();
  return rows.map((row) => row.newsletter_id);
}
