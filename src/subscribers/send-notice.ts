import type { Context } from '../context.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { shownEditions } from '../newsletters/showcase.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import type { SettledLetter } from '../platform/mail/letter-verdict.ts';
import { dropLetter } from '../platform/mail/letters.ts';
import type { ClaimedLetter } from '../platform/mail/letters-together.ts';
import { renderLetter } from '../platform/render/mail.ts';
import { accountLetter, accountLetterView } from './account-letter.ts';
import {
  type AccountLetterKind,
  isAccountLetterKind,
  isLetterKind,
  letterJobs,
  type NoticeKind,
} from './letter-kinds.ts';
import { letterSender } from './letter-sender.ts';
import { manageUrl } from './links.ts';
import { mailBarrier } from './mail-barrier.ts';
import { standingSuppressions } from './mail-state.ts';
import { noticeLetter } from './notice-letter.ts';
import { selectSubscriber, selectSubscriptions } from './queries.ts';
import { sendLetter } from './send-letter.ts';
import { selectSignUp } from './sign-up-queries.ts';
import { type Subscriber, shownState } from './subscriber.ts';
import { writeLetter } from './write-letter.ts';

/**
 * Sends a notice that is due: already on the list, paused, the link to their own page, erased, and what is about the account. Nothing changes for the reader
 * by it. Safe to run twice: one caller has the letter.
 */
export async function sendNotice(
  ctx: Context,
  { letterId }: { letterId: number },
): Promise<SettledLetter | undefined> {
  return writeLetter(ctx, letterId, (letter) => write(ctx, letter));
}

async function write(ctx: Context, letter: ClaimedLetter): Promise<SettledLetter | undefined> {
  const now = ctx.clock.now();
  if (isAccountLetterKind(letter.kind)) return writeAccountLetter(ctx, letter, letter.kind);
  const kind = noticeKind(letter.kind);
  const about = kind && (await noticeAbout(ctx, kind, letter.about));
  if (!kind || about?.person.email === undefined) {
    await dropLetter(ctx.db, letter.id, now);
    return undefined;
  }
  const { person, newsletterIds, ticked, pausedUntil } = about;
  const sender = await letterSender(ctx.db, newsletterIds);
  const [only, another] = sender.newsletters;
  const { baseUrl } = ctx.config;
  const [latest] = only && !another ? await shownEditions(ctx.db, only.id, person.language, now) : [];
  const { template, view } = noticeLetter({
    kind,
    lang: person.language,
    sender,
    manageUrl: manageUrl(baseUrl, ctx.keyring, person.id, now),
    latestUrl: latest?.url,
    pausedUntil,
    forgotten: isForgotten(letter.detail),
    marketing: ticked ? await marketingWords(ctx, sender.newsletters[0], person.language) : undefined,
  });
  const { html, text } = await renderLetter(ctx.templates, template, view);
  return sendLetter(ctx, letter, person.id, {
    from: sender.from,
    replyTo: sender.replyTo,
    to: about.person.email,
    subject: view.title,
    html,
    text,
  });
}

/** A letter about the account goes to a person who may be written to; the new address was asked about when it was named. */
async function writeAccountLetter(
  ctx: Context,
  letter: ClaimedLetter,
  kind: AccountLetterKind,
): Promise<SettledLetter | undefined> {
  const about = await accountLetter(ctx, kind, letter.about);
  const toNew = kind === 'change-email';
  if (!about || !(toNew || (await mayWrite(ctx, about.person)))) {
    await dropLetter(ctx.db, letter.id, ctx.clock.now());
    return undefined;
  }
  const { person, to } = about;
  const sender = await letterSender(ctx.db, []);
  const view = accountLetterView(kind, person.language, sender, about);
  const { html, text } = await renderLetter(ctx.templates, 'link', view);
  const { from, replyTo } = sender;
  const mail = { from, replyTo, to, subject: view.title, html, text, notTheirs: toNew };
  return sendLetter(ctx, letter, person.id, mail);
}

/** Whether someone who is erased asked that their refusal be forgotten too. */
function isForgotten(detail: unknown): boolean {
  return typeof detail === 'object' && detail !== null && 'forget' in detail && detail.forget === true;
}

function noticeKind(kind: string): NoticeKind | undefined {
  return isLetterKind(kind) && letterJobs[kind] === 'send-notice' ? (kind as NoticeKind) : undefined;
}

interface NoticeAbout {
  person: Subscriber;
  newsletterIds: number[];
  /** The form ticked marketing, and the reader has not agreed to it. */
  ticked: boolean;
  pausedUntil: Date | undefined;
}

/** The last letter to someone who is being erased is about the person; every other is about a form that was posted. */
async function noticeAbout(ctx: Context, kind: NoticeKind, about: number): Promise<NoticeAbout | undefined> {
  if (kind === 'erased') {
    const person = await selectSubscriber(ctx.db, { id: about });
    return person && { person, newsletterIds: [], ticked: false, pausedUntil: undefined };
  }
  const signUp = await selectSignUp(ctx.db, about);
  if (signUp?.subscriberId === undefined) return undefined;
  const person = await selectSubscriber(ctx.db, { id: signUp.subscriberId });
  if (!person || !(await mayWrite(ctx, person))) return undefined;
  const now = ctx.clock.now();
  const subscriptions = await selectSubscriptions(ctx.db, person.id);
  const pauses = subscriptions.filter(
    (one) => signUp.newsletterIds.includes(one.newsletterId) && shownState(one, now) === 'paused',
  );
  const untils = pauses.flatMap((one) => one.pausedUntil?.getTime() ?? []);
  return {
    person,
    newsletterIds: signUp.newsletterIds,
    ticked: signUp.marketing && person.marketingSince === undefined,
    pausedUntil: untils.length > 0 ? new Date(Math.max(...untils)) : undefined,
  };
}

/** Today's words in the reader's own language: what the button leads to shows the same. */
async function marketingWords(
  ctx: Context,
  newsletter: Newsletter | undefined,
  language: string,
): Promise<string | undefined> {
  if (!newsletter) return undefined;
  const lang = newsletter.languages.includes(language) ? language : (newsletter.languages[0] ?? language);
  return (await currentWordings(ctx.db, newsletter, lang)).marketing.text;
}

async function mayWrite(ctx: Context, person: Subscriber): Promise<boolean> {
  if (person.emailKey === undefined) return false;
  const standing = await standingSuppressions(ctx.db, ctx.keyring, person.emailKey);
  return mailBarrier(standing, ctx.clock.now()) === 'open';
}
