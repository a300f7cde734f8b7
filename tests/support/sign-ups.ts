import { createNewsletter } from '../../src/newsletters/create.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { setPublisher } from '../../src/newsletters/publisher.ts';
import { currentWordings } from '../../src/newsletters/wordings.ts';
import type { Answer } from '../../src/subscribers/answer.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { confirm } from '../../src/subscribers/confirm.ts';
import { isLetterKind, letterJobs } from '../../src/subscribers/letter-kinds.ts';
import { sendConfirmation } from '../../src/subscribers/send-confirmation.ts';
import { sendNotice } from '../../src/subscribers/send-notice.ts';
import { type SignUpForm, signUp } from '../../src/subscribers/sign-up.ts';
import type { TestContext } from './context.ts';
import { type ReadMail, readMailbox } from './mailbox.ts';

/** The sample publisher with *Inside Washington*, in English and Indonesian. */
export async function seedInsideWashington(
  ctx: TestContext,
  more: Record<string, unknown> = {},
): Promise<Newsletter> {
  await setPublisher(ctx, {
    name: 'Example Media',
    legal_name: 'Example Media PT',
    postal_address: 'Jalan Contoh 1, Jakarta 10110',
    privacy_url: 'https://www.example.org/privacy',
    from_name: 'Example Media',
    from_email: 'hello@news.example.org',
    languages: ['en', 'id'],
    time_zone: 'Asia/Jakarta',
  });
  return createNewsletter(ctx, {
    slug: 'inside-washington',
    name: 'Inside Washington',
    promise: {
      en: 'US politics, reported and explained from the capital, every weekday morning.',
      id: 'Politik Amerika Serikat, diliput dan dijelaskan dari ibu kotanya, setiap pagi hari kerja.',
    },
    languages: ['en', 'id'],
    from_name: 'Inside Washington',
    from_email: 'inside-washington@news.example.org',
    reply_to: 'desk@news.example.org',
    time_zone: 'Asia/Jakarta',
    calendar: { days: [1, 2, 3, 4, 5], time: '07:00' },
    ...more,
  } as never);
}

let nextHost = 1;

/** A form as a reader in an article sends it, each from another network. */
export async function postForm(ctx: TestContext, email: string, more: Partial<SignUpForm> = {}) {
  nextHost += 1;
  return signUp(
    ctx,
    {
      email,
      newsletters: ['inside-washington'],
      marketing: false,
      lang: 'en',
      form: 'article-box',
      page: 'https://www.example.org/politics/story?utm_source=x#top',
      ...more,
    },
    {
      clientAddress: `10.${(nextHost >> 16) & 255}.${(nextHost >> 8) & 255}.${nextHost & 255}`,
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      scripted: false,
    },
  );
}

/** Posts the form and does what its job would do. */
export async function askToJoin(
  ctx: TestContext,
  email: string,
  more: Partial<SignUpForm> = {},
): Promise<Answer & { signUpId: number }> {
  const outcome = await postForm(ctx, email, more);
  if (outcome.kind !== 'accepted') throw new Error(`not accepted: ${outcome.kind}`);
  return { ...(await answerSignUp(ctx, { signUpId: outcome.signUpId })), signUpId: outcome.signUpId };
}

/** Sends every letter of this chapter that is due, as the letters' workers would. */
export async function sendDueLetters(ctx: TestContext): Promise<void> {
  const due = await ctx.db
    .selectFrom('letters')
    .select(['id', 'kind'])
    .where('state', 'in', ['queued', 'deferred'])
    .where('due_at', '<=', ctx.clock.now())
    .orderBy('id')
    .execute();
  for (const { id, kind } of due) {
    if (!isLetterKind(kind)) continue;
    if (letterJobs[kind] === 'send-confirmation') await sendConfirmation(ctx, { letterId: id });
    if (letterJobs[kind] === 'send-notice') await sendNotice(ctx, { letterId: id });
  }
}

/** The mails to an address, oldest first. */
export function mailsTo(ctx: TestContext, email: string): Promise<ReadMail[]> {
  return readMailbox(ctx.trap, email);
}

/** The token of the newest confirmation that an address got. */
export async function confirmToken(ctx: TestContext, email: string): Promise<string> {
  const mails = await mailsTo(ctx, email);
  const tokens = mails.flatMap((mail) => /\/confirm\/([\w-]{22})(?!\/)\b/.exec(mail.text)?.[1] ?? []);
  const newest = tokens.at(-1);
  if (!newest) throw new Error(`no confirmation reached ${email}`);
  return newest;
}

/** From the form to the active subscription. */
export async function subscribe(
  ctx: TestContext,
  email: string,
  more: Partial<SignUpForm> = {},
): Promise<{ subscriberId: number; newsletterIds: number[]; token: string }> {
  await askToJoin(ctx, email, more);
  await sendDueLetters(ctx);
  const token = await confirmToken(ctx, email);
  const signUpRow = await ctx.db
    .selectFrom('sign_ups')
    .select('newsletter_ids')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const done = await confirm(ctx, {
    token,
    newsletterIds: signUpRow.newsletter_ids,
    marketing: more.marketing ?? false,
  });
  if (done.kind !== 'confirmed') throw new Error(`not confirmed: ${done.kind}`);
  return { subscriberId: done.subscriberId, newsletterIds: done.newsletterIds, token };
}

/** The version of the words that a box shows today. */
export async function consentVersion(ctx: TestContext, newsletter: Newsletter, lang = 'en'): Promise<string> {
  return (await currentWordings(ctx.db, newsletter, lang)).consentV;
}

export async function subscriptionOf(ctx: TestContext, subscriberId: number, newsletterId: number) {
  return ctx.db
    .selectFrom('subscriptions')
    .selectAll()
    .where('subscriber_id', '=', subscriberId)
    .where('newsletter_id', '=', newsletterId)
    .executeTakeFirst();
}

export async function eventsOf(ctx: TestContext, subscriberId: number): Promise<string[]> {
  const rows = await ctx.db
    .selectFrom('subscriber_events')
    .select('kind')
    .where('subscriber_id', '=', subscriberId)
    .orderBy('id')
    .execute();
  return rows.map((row) => row.kind);
}
