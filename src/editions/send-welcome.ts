import type { Context } from '../context.ts';
import { maskAddress } from '../lib/mask.ts';
import { getNewsletter } from '../newsletters/find.ts';
import type { Db } from '../platform/db/database.ts';
import { plainDate } from '../platform/i18n/dates.ts';
import { dropLetter, noteStories } from '../platform/mail/letters.ts';
import type { ClaimedLetter } from '../platform/mail/letters-together.ts';
import { renderLetter } from '../platform/render/mail.ts';
import { letterSender } from '../subscribers/letter-sender.ts';
import { manageUrl, unsubscribeUrl } from '../subscribers/links.ts';
import { mayMail } from '../subscribers/may-mail.ts';
import { sendLetter } from '../subscribers/send-letter.ts';
import { writeLetter } from '../subscribers/write-letter.ts';
import { type Frequency, firstEdition } from './first-edition.ts';
import { leavingHeaders } from './headers.ts';
import { latestStories } from './latest-stories.ts';
import { welcomeLetter } from './welcome-letter.ts';

/**
 * Welcomes a reader whose subscription has become active: what arrives and when, and the latest edition's stories, unless an
 * edition reaches them at this very time.
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
  const { baseUrl } = ctx.config;
  const first = await firstEdition(ctx.db, { newsletter, ...reader, now });
  const latest = first ? undefined : await latestStories(ctx.db, { newsletter, lang, baseUrl, now });
  const view = welcomeLetter({ lang, newsletter, now, isOnItsWay: first !== undefined, latest });
  if (latest) await noteStories(ctx.db, letter.id, latest.storyIds);
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
  frequency: Frequency;
  confirmedAt: Date;
}

async function readerOf(db: Db, subscriptionId: number): Promise<Reader | undefined> {
  const row = await db
    .selectFrom('subscriptions as sc')
    .innerJoin('subscribers as s', 's.id', 'sc.subscriber_id')
    .select([
      'sc.subscriber_id',
      'sc.newsletter_id',
      'sc.confirmed_at',
      'sc.frequency',
      's.email',
      's.language',
    ])
    .where('sc.id', '=', subscriptionId)
    .executeTakeFirst();
  if (!row?.email || !row.confirmed_at) return undefined;
  const { subscriber_id, newsletter_id, email, language, frequency, confirmed_at } = row;
  return {
    subscriberId: subscriber_id,
    newsletterId: newsletter_id,
    email,
    language,
    frequency,
    confirmedAt: confirmed_at,
  };
}
