import type { Context } from '../context.ts';
import { localDate } from '../lib/clock-time.ts';
import { maskAddress } from '../lib/mask.ts';
import { nextSlots } from '../newsletters/calendar.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { hourTime, longDate, plainDate } from '../platform/i18n/dates.ts';
import { dirOf } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type ClaimedLetter, dropLetter } from '../platform/mail/letters.ts';
import { renderLetter } from '../platform/render/mail.ts';
import type { WelcomeView } from '../platform/render/views.ts';
import { letterSender } from '../subscribers/letter-sender.ts';
import { manageUrl, unsubscribeUrl } from '../subscribers/links.ts';
import { mayMail } from '../subscribers/may-mail.ts';
import { sendLetter } from '../subscribers/send-letter.ts';
import { writeLetter } from '../subscribers/write-letter.ts';
import { webUrl } from './addresses.ts';
import { bulkFooter } from './bulk-footer.ts';
import { latestPublic } from './find.ts';
import { leavingHeaders } from './headers.ts';

/**
 * Welcomes a reader whose subscription has become active: what arrives and when, and where the latest edition is read.
 * Once per subscription. Safe to run twice: one caller has the letter, and who has left meanwhile gets none.
 */
export async function sendWelcome(ctx: Context, { letterId }: { letterId: number }): Promise<void> {
  await writeLetter(ctx, letterId, (letter) => write(ctx, letter));
}

async function write(ctx: Context, letter: ClaimedLetter): Promise<void> {
  const now = ctx.clock.now();
  const reader = await readerOf(ctx.db, letter.about);
  const barred = reader
    ? await mayMail(ctx.db, { ...reader, now })
    : { kind: 'no' as const, reason: 'erased' as const };
  if (!reader || barred.kind === 'no') {
    await dropLetter(ctx.db, letter.id, now);
    ctx.log.info(
      { deed: 'send-welcome', letterId: letter.id, why: barred.kind === 'no' ? barred.reason : undefined },
      'dropped',
    );
    return;
  }
  const { subscriberId, newsletterId, email, confirmedAt } = reader;
  const newsletter = await getNewsletter(ctx.db, newsletterId);
  const lang = newsletter.languages.includes(reader.language)
    ? reader.language
    : (newsletter.languages[0] ?? 'en');
  const latest = await latestPublic(ctx.db, newsletter.id);
  const { baseUrl } = ctx.config;
  const view = welcomeLetter({
    lang,
    newsletter,
    now,
    latestUrl: latest && webUrl(baseUrl, newsletter, latest, lang),
  });
  const { html, text } = await renderLetter(ctx.templates, 'welcome', view);
  const sender = await letterSender(ctx.db, [newsletter.id]);
  await sendLetter(ctx, letter, subscriberId, {
    from: sender.from,
    replyTo: sender.replyTo,
    to: email,
    subject: view.title,
    html,
    text,
    leaving: {
      headers: leavingHeaders(newsletter, baseUrl),
      values: {
        masked_address: maskAddress(email),
        signed_up_on: plainDate(lang, confirmedAt, newsletter.timeZone),
        unsubscribe_url: unsubscribeUrl(baseUrl, ctx.keyring, { subscriberId, newsletterId }),
        manage_url: manageUrl(baseUrl, ctx.keyring, subscriberId, now),
      },
    },
  });
}

interface Reader {
  subscriberId: number;
  newsletterId: number;
  email: string;
  language: string;
  confirmedAt: Date;
}

async function readerOf(db: Db, subscriptionId: number): Promise<Reader | undefined> {
  const row = await db
    .selectFrom('subscriptions as sc')
    .innerJoin('subscribers as s', 's.id', 'sc.subscriber_id')
    .select(['sc.subscriber_id', 'sc.newsletter_id', 'sc.confirmed_at', 's.email', 's.language'])
    .where('sc.id', '=', subscriptionId)
    .executeTakeFirst();
  if (!row?.email || !row.confirmed_at) return undefined;
  const { subscriber_id, newsletter_id, email, language, confirmed_at } = row;
  return {
    subscriberId: subscriber_id,
    newsletterId: newsletter_id,
    email,
    language,
    confirmedAt: confirmed_at,
  };
}

/** The words of the welcome. Pure. */
export function welcomeLetter(about: {
  lang: string;
  newsletter: Newsletter;
  now: Date;
  latestUrl: string | undefined;
}): WelcomeView {
  const { lang, newsletter, now, latestUrl } = about;
  const promise = inLanguage(newsletter.promise, lang, newsletter.languages[0]);
  const name = newsletter.name;
  return {
    lang,
    dir: dirOf(lang),
    title: say(lang, 'letter.welcome.subject', { newsletter: name }),
    preheader: say(lang, 'letter.welcome.preheader', { newsletter: name }),
    sender: name,
    heading: say(lang, 'letter.welcome.heading'),
    paragraphs: [
      say(lang, 'letter.welcome.text', { newsletter: name, promise }),
      ...nextEdition(newsletter, lang, now),
    ],
    ...(latestUrl ? { latest: { label: say(lang, 'letter.latest'), url: latestUrl } } : {}),
    footer: bulkFooter(newsletter, lang),
  };
}

/** When the next edition comes, in the reader's words; nothing when the calendar has none. */
function nextEdition(newsletter: Newsletter, lang: string, now: Date): string[] {
  const { calendar, timeZone } = newsletter;
  const [slot] = nextSlots(calendar, timeZone, now, 1);
  if (!slot) return [];
  const day = longDate(lang, slot.at, timeZone);
  const time = hourTime(lang, slot.at, timeZone);
  const today = slot.date === localDate(now, timeZone);
  return [say(lang, today ? 'letter.welcome.today' : 'letter.welcome.next', { day, time })];
}
