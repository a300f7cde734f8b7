import type { Context } from '../context.ts';
import { escapeHtml } from '../lib/escape-html.ts';
import { gather } from '../lib/gather.ts';
import { opaqueName } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { unreachable } from '../platform/http/world-errors.ts';
import { composeLetter } from '../platform/mail/compose-letter.ts';
import type { Header } from '../platform/mail/header.ts';
import { letterVerdict, type SettledLetter } from '../platform/mail/letter-verdict.ts';
import { settleLetter } from '../platform/mail/letters.ts';
import { type ClaimedLetter, settleLetters } from '../platform/mail/letters-together.ts';
import { smtpData } from '../platform/mail/smtp-data.ts';
import type { Outcome } from '../platform/mail/smtp-outcome.ts';
import { noteAttempts, recordBounce } from './record-bounce.ts';

export interface LetterMail {
  from: { name: string; address: string };
  replyTo: string;
  to: string;
  subject: string;
  html: string;
  text: string;
  /** It goes to an address that is not the person's (yet): what becomes of it says nothing about them. */
  notTheirs?: boolean;
  /** For a letter that can be left: the headers of leaving, and what fills the places of its footer. */
  leaving?: { headers: readonly Header[]; values: Readonly<Record<string, string>> };
}

/** Without `leaving` no `List-*`: there is nothing to unsubscribe from. Nobody's out-of-office answers it. */
const headers = [
  { name: 'Auto-Submitted', value: 'auto-generated' },
  { name: 'X-Auto-Response-Suppress', value: 'All' },
];

/** A relay has been handed the letter, and what became of it could not be written down: it is in doubt. */
export class Unsettled extends Error {}

/**
 * Hands one claimed letter to the relay on the letters' own connections and writes down what became of it; what the reply
 * means for the person is settled in the same transaction.
 *
 * @returns `undefined` when the claim was lost meanwhile.
 * @throws Unsettled when the relay has been handed it and the database is away; anything else before that.
 */
export async function sendLetter(
  ctx: Context,
  letter: ClaimedLetter,
  subscriberId: number,
  mail: LetterMail,
): Promise<SettledLetter | undefined> {
  const { from, to, subject, html, text, leaving = { headers: [], values: {} } } = mail;
  const domain = domainOf(from.address);
  const messageId = `<l${opaqueName(ctx.keyring, 'letter', [letter.id, letter.attempt])}@${domain}>`;
  const raw = composeLetter({
    from,
    to: { address: to },
    replyTo: { address: mail.replyTo },
    subject,
    html: fillPlaces(html, leaving.values, escapeHtml),
    text: fillPlaces(text, leaving.values),
    headers: [
      ...headers,
      ...leaving.headers.map(({ name, value }) => ({ name, value: fillPlaces(value, leaving.values) })),
    ],
    messageId,
    date: ctx.clock.now(),
  });
  // Only an address outside ASCII brings bytes above 127 (RFC 6531 §3.2): everything else is encoded.
  const { data, facts } = smtpData(raw);
  const outcome = await ctx.mail.letters.deliver({ from: from.address, to, ...facts }, () => data);
  const settled = await settle(ctx, {
    letter,
    outcome,
    messageId,
    subscriberId,
    to,
    notTheirs: mail.notTheirs ?? false,
  }).catch((cause: Error) => {
    throw new Unsettled(`letter ${letter.id} could not be settled`, { cause });
  });
  ctx.log.info(
    {
      deed: 'send-letter',
      letterId: letter.id,
      kind: letter.kind,
      state: settled?.state,
      class: settled?.class,
    },
    'letter',
  );
  return settled;
}

interface Sent {
  letter: ClaimedLetter;
  outcome: Outcome;
  messageId: string;
  subscriberId: number;
  to: string;
  notTheirs: boolean;
}

function settle(ctx: Context, sent: Sent): Promise<SettledLetter | undefined> {
  const { letter, outcome } = sent;
  const now = ctx.clock.now();
  // Most are, and say nothing about the person.
  if (letterVerdict(letter, outcome, now).state === 'accepted')
    return settleAccepted(ctx.db, { ...sent, now });
  return ctx.db.transaction().execute((tx) => settleAlone(ctx, tx, { ...sent, now }));
}

/** Letters of one bell leave one by one: those of so many milliseconds share their transaction. */
const settlePauseMs = 20;

/** Those that relays accept at about the same time, in one transaction. */
const settleAccepted = gather<Context['db'], Sent & { now: Date }, SettledLetter | undefined>(
  (db, sent) =>
    db.transaction().execute(async (tx) => {
      const now = sent[0]?.now ?? new Date(0);
      const settled = await settleLetters(tx, sent, now);
      const domains = sent.filter((_, nth) => settled[nth]).map(({ to }) => domainOf(to));
      await noteAttempts(tx, domains, now);
      return settled;
    }),
  { callsMax: 50, pauseMs: settlePauseMs, mendable: (error) => !unreachable(error) },
);

async function settleAlone(
  ctx: Context,
  tx: Db,
  sent: Sent & { now: Date },
): Promise<SettledLetter | undefined> {
  const { letter, outcome, messageId, subscriberId, to, now } = sent;
  const written = await settleLetter(tx, letter, outcome, now, messageId);
  if (!written) return undefined;
  // Only a server that has decided says something about its recipients.
  if (outcome.kind === 'reply') await noteAttempts(tx, [domainOf(to)], now);
  if (written.state === 'refused' && !sent.notTheirs) {
    await recordBounce(tx, ctx.keyring, {
      subscriberId,
      letterId: letter.id,
      source: 'smtp',
      sourceId: `letter-${letter.id}-${letter.attempt}`,
      class: written.class,
      code: written.code,
      status: written.status,
      textMasked: written.textMasked,
      at: now,
    });
  }
  return written;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

/** Fills `[[name]]` with the reader's own value, once: what a value holds is never filled again. */
function fillPlaces(
  text: string,
  values: Readonly<Record<string, string>>,
  written: (value: string) => string = (value) => value,
): string {
  return text.replace(/\[\[([a-z_]+)\]\]/g, (place, name: string) => {
    const value = values[name];
    return value === undefined ? place : written(value);
  });
}
