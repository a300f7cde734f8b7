import type { Context } from '../context.ts';
import { type EmailAddress, parseEmailAddress } from '../lib/email-address.ts';
import { Refusal } from '../lib/errors.ts';
import { maskAddresses } from '../lib/mask.ts';
import { opaqueName } from '../lib/signed-token.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { composeMessage } from '../platform/mail/message.ts';
import { openSplicer } from '../platform/mail/open-splicer.ts';
import type { Outcome } from '../platform/mail/smtp-outcome.ts';
import { replyText } from '../platform/mail/smtp-reply.ts';
import type { Edition } from './edition.ts';
import { editionHeaders } from './headers.ts';
import { messagePlaces } from './message-places.ts';
import { preview } from './preview.ts';
import { testValues } from './test-values.ts';

const addressesMax = 10;

export interface TestSent {
  email: string;
  accepted: boolean;
  /** The server's own words, or why there are none. */
  answer: string;
}

/**
 * Sends an edition as it stands to a few people of the house, at once, marked `[TEST]`. It counts nowhere, and its links to
 * leave and to manage open a page that says it was a test. Every call sends again.
 *
 * @throws Refusal when an address is none, there are more than ten, or the edition has nothing to show in that language.
 */
export async function sendTest(
  ctx: Context,
  at: {
    edition: Edition;
    newsletter: Newsletter;
    emails: readonly string[];
    lang?: string | undefined;
    by: 'live' | 'test';
  },
): Promise<TestSent[]> {
  if (at.by === 'test') throw new Refusal(403, 'test_key', 'A test key cannot send mail. Use a live key.');
  const readers = readAddresses(at.emails);
  const rendered = await preview(ctx, at);
  const { html, lang, text, view } = rendered;
  const splice = openSplicer(
    composeMessage({
      from: { name: at.newsletter.fromName, address: at.newsletter.fromEmail },
      replyTo: { address: at.newsletter.replyTo },
      subject: `[TEST] ${view.title}`,
      html,
      text,
      headers: editionHeaders(ctx.config, at.newsletter, at.edition),
      places: messagePlaces,
    }),
  );
  return Promise.all(readers.map((reader) => sendOne(ctx, { ...at, lang, reader, splice })));
}

function readAddresses(emails: readonly string[]): EmailAddress[] {
  if (emails.length === 0) throw new Refusal(422, 'no_address', 'Give at least one address.', 'emails');
  if (emails.length > addressesMax) {
    throw new Refusal(
      422,
      'too_many_addresses',
      `A test goes to at most ${addressesMax} addresses.`,
      'emails',
    );
  }
  return emails.map((email) => {
    const address = parseEmailAddress(email);
    if (!address) throw new Refusal(422, 'invalid_address', `${email} is not an email address.`, 'emails');
    return address;
  });
}

async function sendOne(
  ctx: Context,
  at: {
    edition: Edition;
    newsletter: Newsletter;
    lang: string;
    reader: EmailAddress;
    splice: ReturnType<typeof openSplicer>;
  },
): Promise<TestSent> {
  const { edition, newsletter, reader } = at;
  const now = ctx.clock.now();
  const domain = newsletter.fromEmail.split('@')[1] ?? 'localhost';
  const name = opaqueName(ctx.keyring, `test:${reader.key}`, [edition.id, now.getTime()]);
  const envelope = { from: newsletter.fromEmail, to: reader.email };
  const outcome = await ctx.mail.letters.deliver(envelope, () =>
    at.splice({
      to: reader.email,
      messageId: `<t${edition.id}.${name}@${domain}>`,
      date: now,
      smtpUtf8: true,
      values: testValues(ctx, { newsletter, lang: at.lang, email: reader.email }),
    }),
  );
  ctx.log.info({ deed: 'send-test', editionId: edition.id, kind: outcome.kind }, 'test sent');
  return { email: reader.email, ...said(outcome) };
}

function said(outcome: Outcome): { accepted: boolean; answer: string } {
  if (outcome.kind === 'lost') return { accepted: false, answer: maskAddresses(outcome.reason) };
  const accepted = outcome.phase === 'dot' && outcome.reply.code >= 200 && outcome.reply.code < 300;
  return { accepted, answer: maskAddresses(replyText(outcome.reply)) };
}
