import { needsSmtpUtf8 } from '../lib/email-address.ts';
import { deliveryId } from '../lib/ids.ts';
import { signMailboxTokens } from '../lib/mailbox-token.ts';
import { maskAddress } from '../lib/mask.ts';
import { type Keyring, signTokens } from '../lib/signed-token.ts';
import { plainDate } from '../platform/i18n/dates.ts';
import { messageIds } from '../platform/mail/message-id.ts';
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

/** What is signed for one delivery, the same on every try: its links, its Message-ID and whom a bounce goes back to. */
export interface Signed {
  messageId: string;
  unsubscribe: string;
  everyday: string;
  /** Where mail to leave goes; empty where none is offered. */
  unsubscribeMail: string;
  bouncesTo: string;
}

const everydayMs = 60 * 24 * 3_600_000;

/**
 * Signs for several readers of one edition, in their order: a window of 50 at a tenth of what one at a time costs. Pure, so a
 * second copy of a mail can be recognised.
 */
export function signFor(
  readers: readonly Pick<Claimed, 'subscriberId'>[],
  edition: EditionFacts,
  sender: Sender,
): Signed[] {
  const { editionId, newsletterId, fromEmail, frozenAt } = edition;
  const { keyring, bounceDomain } = sender;
  const subscriberIds = readers.map((reader) => reader.subscriberId);
  const subscriptions = subscriberIds.map((id) => [id, newsletterId] as const);
  const domain = fromEmail.slice(fromEmail.lastIndexOf('@') + 1);
  const ids = messageIds({ editionId, subscriberIds, domain, keyring });
  const unsubscribe = signTokens(keyring, 'unsubscribe', subscriptions);
  const everydayUntil = new Date(frozenAt.getTime() + everydayMs);
  const everyday = signTokens(
    keyring,
    'everyday',
    subscriberIds.map((id) => [id]),
    everydayUntil,
  );
  const mails = bounceDomain ? signMailboxTokens(keyring, 'unsubscribe', subscriptions) : [];
  const bounces = bounceDomain
    ? signMailboxTokens(
        keyring,
        'bounce',
        subscriberIds.map((id) => [editionId, id]),
      )
    : [];
  return ids.map((messageId, nth) => ({
    messageId,
    unsubscribe: unsubscribe[nth] ?? '',
    everyday: everyday[nth] ?? '',
    unsubscribeMail: bounceDomain ? `u+${mails[nth]}@${bounceDomain}` : '',
    bouncesTo: bounceDomain ? `b+${bounces[nth]}@${bounceDomain}` : fromEmail,
  }));
}

/**
 * What one reader adds to the mail that all share: To, Message-ID, Date, and the values of the template's places. All but the Date
 * are the same on every retry. Pure.
 */
export function personalise(
  { email, confirmedAt }: Pick<Claimed, 'email' | 'confirmedAt'>,
  signed: Signed,
  { lang, now, timeZone, baseUrl }: { lang: string; now: Date; timeZone: string; baseUrl: string },
): Reader {
  return {
    to: email,
    messageId: signed.messageId,
    date: now,
    smtpUtf8: needsSmtpUtf8(email),
    values: {
      masked_address: maskAddress(email),
      signed_up_on: dayWords(lang, confirmedAt, timeZone),
      unsubscribe_url: `${baseUrl}/u/${signed.unsubscribe}`,
      manage_url: `${baseUrl}/m/${signed.everyday}`,
      unsubscribe_mail: signed.unsubscribeMail,
    },
  };
}

/** The envelope of one delivery. A report on it (RFC 3461) goes to an address of its own, if there is one, and names it besides. Pure. */
export function envelopeFor(
  { subscriberId, email }: Pick<Claimed, 'subscriberId' | 'email'>,
  signed: Signed,
  editionId: number,
): Envelope {
  return {
    from: signed.bouncesTo,
    to: email,
    envelopeId: deliveryId(editionId, subscriberId),
  };
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
