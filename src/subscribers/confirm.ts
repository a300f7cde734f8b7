import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { activate, activeAmong, leaveOut } from './activate.ts';
import { type Confirmation, findConfirmation } from './confirmation.ts';
import { recordDoubleOptIn } from './double-opt-in.ts';
import { standingSuppressions } from './mail-state.ts';
import { openNewsletterIds } from './open-newsletters.ts';
import { planWelcome, ringWelcomes } from './plan-welcome.ts';
import { lockSubscriber } from './queries.ts';
import { release } from './release.ts';

export type Confirmed =
  | { kind: 'confirmed'; subscriberId: number; newsletterIds: number[] }
  /** This link, or another of the same sign-up, was used before; nothing changed. */
  | { kind: 'already' }
  | { kind: 'nothing_chosen' | 'closed' | 'expired' | 'unknown' };

/**
 * The reader says yes: the newsletters that stay ticked go from pending to active, with the consent to the exact words that
 * were shown; those that do not are left out, and marketing is taken only if its box stayed ticked. Lifts a bounce's
 * suppression, as the letter arrived. Of two at once one acts, and a used link never acts again.
 */
export async function confirm(
  ctx: Context,
  answer: { token: string; newsletterIds: readonly number[]; marketing: boolean },
): Promise<Confirmed> {
  const now = ctx.clock.now();
  const found = await findConfirmation(ctx.db, answer.token, now);
  if (found.kind === 'unknown' || found.kind === 'expired') return { kind: found.kind };
  if (found.kind === 'done') return { kind: 'already' };
  const open = await openNewsletterIds(ctx.db, found.signUp.newsletterIds);
  if (open.length === 0) return { kind: 'closed' };
  const kept = open.filter((id) => answer.newsletterIds.includes(id));
  if (kept.length === 0) return { kind: 'nothing_chosen' };

  const done = await ctx.db.transaction().execute((tx) => act(ctx, tx, found, kept, answer.marketing));
  if (done === 'already') return { kind: 'already' };
  await ringWelcomes(ctx, done.welcomeLetterIds);
  ctx.log.info(
    {
      deed: 'confirm',
      signUpId: found.signUp.id,
      subscriberId: found.subscriberId,
      newsletters: kept.length,
    },
    'confirmed',
  );
  return { kind: 'confirmed', subscriberId: found.subscriberId, newsletterIds: done.activeIds };
}

type Open = Exclude<Confirmation, { kind: 'unknown' }>;

async function act(
  ctx: Context,
  tx: Db,
  { signUp, subscriberId, hash }: Open,
  kept: readonly number[],
  marketing: boolean,
): Promise<'already' | { welcomeLetterIds: number[]; activeIds: number[] }> {
  const now = ctx.clock.now();
  // Everyone who changes a person holds the person first, so that no two wait for each other.
  const person = await lockSubscriber(tx, subscriberId);
  if (person?.email === undefined || person.emailKey === undefined) return 'already';
  if (!(await claim(tx, signUp.id, hash, now))) return 'already';
  await leaveOut(
    tx,
    person.id,
    signUp.newsletterIds.filter((id) => !kept.includes(id)),
    now,
  );
  const activated = await activate(tx, person.id, kept, now);
  const active = await activeAmong(tx, person.id, kept);
  await recordDoubleOptIn(tx, ctx.keyring, {
    person,
    signUp,
    newsletterIds: active,
    marketing: marketing && signUp.marketing,
    at: now,
  });
  await liftBounces(ctx, tx, person.emailKey, kept, now);
  const welcomeLetterIds = await planWelcome(tx, ctx.keyring, person, activated, now);
  return { welcomeLetterIds, activeIds: active };
}

/** Of two that come at once the second finds the sign-up confirmed. */
async function claim(tx: Db, signUpId: number, hash: Buffer, now: Date): Promise<boolean> {
  const claimed = await tx
    .updateTable('sign_ups')
    .set({ state: 'confirmed' })
    .where('id', '=', signUpId)
    .where('state', '=', 'answered')
    .returning('id')
    .executeTakeFirst();
  if (!claimed) return false;
  await tx
    .updateTable('confirmation_tokens')
    .set({ used_at: now })
    .where('hash', '=', hash)
    .where('used_at', 'is', null)
    .execute();
  return true;
}

/** The letter reached them, so the address lives. A complaint is never lifted by a form. */
async function liftBounces(
  ctx: Context,
  tx: Db,
  emailKey: string,
  newsletterIds: readonly number[],
  now: Date,
): Promise<void> {
  const standing = await standingSuppressions(tx, ctx.keyring, emailKey);
  const liftable = standing.filter(
    (one) =>
      (one.reason === 'hard' || one.reason === 'soft') &&
      (one.newsletterId === undefined || newsletterIds.includes(one.newsletterId)),
  );
  await release(tx, ctx.keyring, {
    suppressionIds: liftable.map((one) => one.id),
    by: 'reader',
    reason: 'confirmed again',
    at: now,
  });
}
