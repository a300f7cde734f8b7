import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { allFingerprints, fingerprint } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { lettersSince, planLetter } from '../platform/mail/letters.ts';
import { type Answer, keptUntil } from './answer.ts';
import { askForConfirmation } from './ask-for-confirmation.ts';
import type { NoticeKind } from './letter-kinds.ts';
import { barrierOf } from './mail-barrier.ts';
import { type StandingSuppression, standingSuppressions } from './mail-state.ts';
import { lockSubscriber, selectSubscriber, selectSubscriptions } from './queries.ts';
import { holdReceived, lockAddress, type SignUp, selectSignUp, settleSignUp } from './sign-up-queries.ts';
import { type Subscriber, type Subscription, shownState } from './subscriber.ts';

const dayMs = 24 * 60 * 60_000;
const linkGapMs = 10 * 60_000;
const linksPerDayMax = 3;

/**
 * Does everything about a sign-up that depends on the address: makes the pending subscription, merges what was asked before,
 * keeps the limits, respects suppressions, and plans the one letter that fits, if any; the caller rings for it. Safe to run
 * twice: a sign-up is answered once.
 */
export async function answerSignUp(ctx: Context, { signUpId }: { signUpId: number }): Promise<Answer> {
  const answer = await ctx.db.transaction().execute((tx) => decide(ctx, tx, signUpId));
  const outcome = 'outcome' in answer ? answer.outcome : answer.kind;
  ctx.log.info({ deed: 'answer-sign-up', signUpId, outcome }, 'answered');
  return answer;
}

async function decide(ctx: Context, tx: Db, signUpId: number): Promise<Answer> {
  const now = ctx.clock.now();
  const seen = await selectSignUp(tx, signUpId);
  if (seen?.state !== 'received') return { kind: 'nothing' };
  const address = seen.email === undefined ? undefined : parseEmailAddress(seen.email);
  if (seen.signal !== undefined || !address) return silence(tx, seen, seen.signal ?? 'no_address', now);

  await lockAddress(tx, fingerprint(ctx.keyring, address.limitKey).bytes);
  const known = await selectSubscriber(tx, { emailKey: address.key });
  const person = known && (await lockSubscriber(tx, known.id));
  if (known && (!person || person.erasedAt)) throw new Error('the person was erased in this moment');
  const signUp = await holdReceived(tx, signUpId, now);
  if (!signUp) return { kind: 'nothing' };
  const standing = await standingSuppressions(tx, ctx.keyring, address.key);
  const barrier = barrierOf(signUp.asks, standing, now);
  if (barrier === 'closed') return silence(tx, signUp, 'suppressed', now);
  if (signUp.asks === 'retry' && barrier === 'open') return silence(tx, signUp, 'reached', now);
  if (signUp.asks === 'manage') return offerLink(ctx, tx, { signUp, address, person });

  const newsletterIds = signUp.newsletterIds.filter((id) => !suppressedFor(standing, id));
  if (newsletterIds.length === 0) return silence(tx, signUp, 'suppressed', now);
  const subscriptions = person ? await selectSubscriptions(tx, person.id) : [];
  const active = subscriptions.filter(
    (one) => one.state === 'active' && newsletterIds.includes(one.newsletterId),
  );
  if (person && barrier === 'open' && active.length === newsletterIds.length) {
    return tellSubscribed(ctx, tx, { signUp, address, subscriberId: person.id, active });
  }
  // To lift a suppression the reader confirms again, also what is active.
  const asked =
    barrier === 'open'
      ? newsletterIds.filter((id) => !active.some((one) => one.newsletterId === id))
      : newsletterIds;
  return askForConfirmation(ctx, tx, { signUp, address, newsletterIds: asked, person, barrier });
}

/** Nothing leaves; the attempt stays on the books without the address. */
async function silence(tx: Db, signUp: SignUp, outcome: string, now: Date): Promise<Answer> {
  await settleSignUp(tx, signUp.id, { outcome, expiresAt: keptUntil(now) });
  return { kind: 'silent', outcome };
}

/** At most one letter in 24 h says that they are on the list already. Nothing else changes. */
async function tellSubscribed(
  ctx: Context,
  tx: Db,
  found: { signUp: SignUp; address: EmailAddress; subscriberId: number; active: readonly Subscription[] },
): Promise<Answer> {
  const { signUp, address, subscriberId, active } = found;
  const now = ctx.clock.now();
  const told = await lettersSince(tx, {
    kinds: ['already-subscribed', 'paused'] satisfies NoticeKind[],
    fingerprints: allFingerprints(ctx.keyring, address.limitKey),
    since: new Date(now.getTime() - dayMs),
  });
  if (told.length > 0) return silence(tx, signUp, 'told_before', now);
  const kind = active.some((one) => shownState(one, now) === 'paused') ? 'paused' : 'already-subscribed';
  return planNotice(ctx, tx, { kind, signUp, address, subscriberId });
}

/** The link to their own page, for someone we write to; three a day at most. */
async function offerLink(
  ctx: Context,
  tx: Db,
  asked: { signUp: SignUp; address: EmailAddress; person: Subscriber | undefined },
): Promise<Answer> {
  const { signUp, address, person } = asked;
  const now = ctx.clock.now();
  const known = person ? await selectSubscriptions(tx, person.id) : [];
  if (!person || !known.some((one) => one.state !== 'pending')) return silence(tx, signUp, 'unknown', now);
  const sent = await lettersSince(tx, {
    kinds: ['everyday-link'] satisfies NoticeKind[],
    fingerprints: allFingerprints(ctx.keyring, address.limitKey),
    since: new Date(now.getTime() - dayMs),
  });
  const tooSoon = sent.some((letter) => now.getTime() - letter.at.getTime() < linkGapMs);
  if (tooSoon || sent.length >= linksPerDayMax) return silence(tx, signUp, 'limited', now);
  return planNotice(ctx, tx, { kind: 'everyday-link', signUp, address, subscriberId: person.id });
}

async function planNotice(
  ctx: Context,
  tx: Db,
  notice: { kind: NoticeKind; signUp: SignUp; address: EmailAddress; subscriberId: number },
): Promise<Answer> {
  const { kind, signUp, address, subscriberId } = notice;
  const now = ctx.clock.now();
  await settleSignUp(tx, signUp.id, { outcome: kind, subscriberId, expiresAt: keptUntil(now) });
  const { id } = await planLetter(tx, {
    kind,
    about: signUp.id,
    fingerprint: fingerprint(ctx.keyring, address.limitKey).bytes,
    at: now,
  });
  return { kind: 'planned', outcome: kind, letterId: id };
}

function suppressedFor(standing: readonly StandingSuppression[], newsletterId: number): boolean {
  return standing.some((one) => one.newsletterId === newsletterId);
}
