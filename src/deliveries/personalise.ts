import { needsSmtpUtf8 } from '../lib/email-address.ts';
import { deliveryId } from '../lib/ids.ts';
import { signMailboxToken } from '../lib/mailbox-token.ts';
import { maskAddress } from '../lib/mask.ts';
import { type Keyring, signToken } from '../lib/signed-token.ts';
import { plainDate } from '../platform/i18n/dates.ts';
import { messageId } from '../platform/mail/message-id.ts';
import type { Reader } from '../platform/mail/open-splicer.ts';
import type { Envelope } from '../platform/mail/smtp-outcome.ts';
import type { Claimed } from './claim.ts';

/** What all mails of one edition share when they are addressed. */
export interface EditionFacts {
  editionId: number;
  newsletterId: number;
  fromEmail: string;
  timeZone: string;
  frozenAt: Date;
}

export interface Sender {
  keyring: Keyring;
  baseUrl: string;
  /** Where mail to leave, and bounces, come in; unset: neither is offered. */
  bounceDomain: string | undefined;
}

const everydayMs = 60 * 24 * 3_600_000;

/**
 * What one reader adds to the mail that all share: To, Message-ID, Date, and the values of the template's places. The links
 * are signed and the same on every retry, as is the Message-ID, so a second copy can be recognised. Pure.
 */
export function personalise(
  reader: Pick<Claimed, 'subscriberId' | 'email' | 'confirmedAt'>,
  edition: EditionFacts,
  at: { lang: string; now: Date },
  sender: Sender,
): Reader {
  const { subscriberId, email, confirmedAt } = reader;
  const { keyring, baseUrl, bounceDomain } = sender;
  const unsubscribe = signToken(keyring, 'unsubscribe', [subscriberId, edition.newsletterId]);
  const everydayUntil = new Date(edition.frozenAt.getTime() + everydayMs);
  const everyday = signToken(keyring, 'everyday', [subscriberId], everydayUntil);
  return {
    to: email,
    messageId: messageId({
      kind: 'edition',
      editionId: edition.editionId,
      subscriberId,
      domain: domainOf(edition.fromEmail),
      keyring,
    }),
    date: at.now,
    smtpUtf8: needsSmtpUtf8(email),
    values: {
      masked_address: maskAddress(email),
      signed_up_on: dayWords(at.lang, confirmedAt, edition.timeZone),
      unsubscribe_url: `${baseUrl}/u/${unsubscribe}`,
      manage_url: `${baseUrl}/m/${everyday}`,
      unsubscribe_mail: bounceDomain
        ? `u+${signMailboxToken(keyring, 'unsubscribe', [subscriberId, edition.newsletterId])}@${bounceDomain}`
        : '',
    },
  };
}

/** The envelope of one delivery. A report on it (RFC 3461) goes to an address of its own, and names it besides. Pure. */
export function envelopeFor(
  reader: Pick<Claimed, 'subscriberId' | 'email'>,
  edition: EditionFacts,
  sender: Sender,
): Envelope {
  return {
    from: envelopeSender(reader, edition, sender),
    to: reader.email,
    envelopeId: deliveryId(edition.editionId, reader.subscriberId),
  };
}

/** Whom a bounce goes back to: an address that names the delivery, or the newsletter's own. */
function envelopeSender(
  reader: Pick<Claimed, 'subscriberId'>,
  edition: EditionFacts,
  sender: Sender,
): string {
  if (!sender.bounceDomain) return edition.fromEmail;
  const token = signMailboxToken(sender.keyring, 'bounce', [edition.editionId, reader.subscriberId]);
  return `b+${token}@${sender.bounceDomain}`;
}

function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1);
}

const daysKept = 5_000;
const quarterMs = 15 * 60_000;
const knownDays = new Map<string, string>();

/** Formatting a date costs more than the rest of a mail. Zones shift by quarters of an hour, so within one the day is the same. */
function dayWords(lang: string, instant: Date, zone: string): string {
  const key = `${lang} ${zone} ${Math.floor(instant.getTime() / quarterMs)}`;
  const known = knownDays.get(key);
  if (known !== undefined) return known;
  const words = plainDate(lang, instant, zone);
  if (knownDays.size >= daysKept) knownDays.clear();
  knownDays.set(key, words);
  return words;
}
