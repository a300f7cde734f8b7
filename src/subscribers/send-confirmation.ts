import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { gather } from '../lib/gather.ts';
import { hashToken, mintToken } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { unreachable } from '../platform/http/world-errors.ts';
import { dropLetter } from '../platform/mail/letters.ts';
import type { ClaimedLetter } from '../platform/mail/letters-together.ts';
import { renderLetter } from '../platform/render/mail.ts';
import { keptUntil } from './answer.ts';
import { askingSite } from './asking-site.ts';
import { confirmationLetter } from './confirmation-letter.ts';
import type { LetterKind } from './letter-kinds.ts';
import { letterSender } from './letter-sender.ts';
import { confirmUrl, withdrawUrl } from './links.ts';
import { barrierOf } from './mail-barrier.ts';
import { standingSuppressions } from './mail-state.ts';
import { openNewsletterIds } from './open-newsletters.ts';
import { selectSubscriptions, subscriberTogether } from './queries.ts';
import { sendLetter } from './send-letter.ts';
import { type SignUp, selectWordings, signUpTogether } from './sign-up-queries.ts';
import type { Subscriber } from './subscriber.ts';
import { writeLetter } from './write-letter.ts';

export const confirmationTokenMs = 7 * 24 * 60 * 60_000;

/**
 * Sends a confirmation, or the reminder of one, that is due: mints its link now, keeps only the link's hash, and hands the letter to the relay. A
 * retry mints a new link; older ones keep working until they end. Safe to run twice: one caller has the letter.
 */
export async function sendConfirmation(ctx: Context, { letterId }: { letterId: number }): Promise<void> {
  await writeLetter(ctx, letterId, (letter) => write(ctx, letter));
}

async function write(ctx: Context, letter: ClaimedLetter): Promise<void> {
  const now = ctx.clock.now();
  const isReminder = letter.kind === ('reminder' satisfies LetterKind);
  const about = await stillWanted(ctx, letter.about, isReminder);
  if (!about) {
    await dropLetter(ctx.db, letter.id, now);
    ctx.log.info({ deed: 'send-confirmation', letterId: letter.id }, 'dropped: nobody waits for it');
    return;
  }
  const { signUp, person, email, newsletterIds } = about;
  const token = await mintFor(ctx.db, signUp.id, now);
  const sender = await letterSender(ctx.db, newsletterIds);
  const wordings = signUp.marketing ? await selectWordings(ctx.db, signUp.wordingIds) : [];
  const { baseUrl } = ctx.config;
  const view = confirmationLetter({
    lang: signUp.lang,
    sender,
    marketing: wordings.find((one) => one.purpose === 'marketing')?.text,
    site: askingSite(
      signUp.pageUrl,
      sender.newsletters.flatMap((one) => one.allowedOrigins),
      baseUrl,
    ),
    askedAt: signUp.createdAt,
    isReminder,
    confirmUrl: confirmUrl(baseUrl, token),
    withdrawUrl: withdrawUrl(baseUrl, ctx.keyring, signUp, now),
  });
  const { html, text } = await renderLetter(ctx.templates, 'confirmation', view);
  await sendLetter(ctx, letter, person.id, {
    from: sender.from,
    replyTo: sender.replyTo,
    to: email,
    subject: view.title,
    html,
    text,
  });
}

/** A sign-up may have been confirmed, withdrawn or suppressed while its letter waited. */
async function stillWanted(
  ctx: Context,
  signUpId: number,
  isReminder: boolean,
): Promise<{ signUp: SignUp; person: Subscriber; email: string; newsletterIds: number[] } | undefined> {
  const signUp = await signUpTogether(ctx.db, signUpId);
  if (signUp?.state !== 'answered' || signUp.subscriberId === undefined) return undefined;
  const person = await subscriberTogether(ctx.db, signUp.subscriberId);
  if (person?.email === undefined || person.emailKey === undefined) return undefined;
  const standing = await standingSuppressions(ctx.db, ctx.keyring, person.emailKey);
  const barrier = barrierOf(signUp.asks, standing, ctx.clock.now());
  if (barrier === 'closed') return undefined;
  // Nobody waits for a reminder: it goes only where everything is as it was when it was planned.
  if (isReminder && (barrier !== 'open' || !(await waitsStill(ctx.db, signUp, person.id)))) return undefined;
  const newsletterIds = await openNewsletterIds(ctx.db, signUp.newsletterIds);
  return newsletterIds.length > 0 ? { signUp, person, email: person.email, newsletterIds } : undefined;
}

/** Another sign-up of the same person may have been confirmed since. */
async function waitsStill(db: Db, signUp: SignUp, subscriberId: number): Promise<boolean> {
  const subscriptions = await selectSubscriptions(db, subscriberId);
  return subscriptions.some(
    (one) => one.state === 'pending' && signUp.newsletterIds.includes(one.newsletterId),
  );
}

async function mintFor(db: Db, signUpId: number, now: Date): Promise<string> {
  const token = mintToken();
  await keepHash(db, {
    hash: `\\x${hashToken(token).toString('hex')}`,
    sign_up_id: signUpId,
    created_at: now,
    expires_at: new Date(now.getTime() + confirmationTokenMs),
    kept_until: keptUntil(now),
  });
  return token;
}

interface MintedLink {
  hash: string;
  sign_up_id: number;
  created_at: Date;
  expires_at: Date;
  kept_until: Date;
}

/** The hash of a link, and its sign-up kept as long; those of one moment in one statement. */
const keepHash = gather<Db, MintedLink, void>(
  async (db, links) => {
    await sql`
      with minted as materialized (
        select * from json_to_recordset(${JSON.stringify(links)}::json) as minted(
          hash bytea, sign_up_id bigint, created_at timestamptz, expires_at timestamptz, kept_until timestamptz)
      ), kept as (
        update sign_ups set expires_at = kept_until from minted where sign_ups.id = sign_up_id
      )
      insert into confirmation_tokens (hash, sign_up_id, created_at, expires_at)
      select hash, sign_up_id, created_at, expires_at from minted`.execute(db);
    return links.map(() => undefined);
  },
  { callsMax: 50, mendable: (error) => !unreachable(error) },
);
