import type { Context } from '../context.ts';
import { escapeHtml } from '../lib/escape-html.ts';
import { opaqueName } from '../lib/signed-token.ts';
import { composeLetter } from '../platform/mail/compose-letter.ts';
import type { Header } from '../platform/mail/header.ts';
import { type ClaimedLetter, type SettledLetter, settleLetter } from '../platform/mail/letters.ts';
import { noteAttempts, recordBounce } from './record-bounce.ts';

export interface LetterMail {
  from: { name: string; address: string };
  replyTo: string;
  to: string;
  subject: string;
  html: string;
  text: string;
  /** For a letter that can be left: the headers of leaving, and what fills the places of its footer. */
  leaving?: { headers: readonly Header[]; values: Readonly<Record<string, string>> };
}

/** Without `leaving` no `List-*`: there is nothing to unsubscribe from. Nobody's out-of-office answers it. */
const headers = [
  { name: 'Auto-Submitted', value: 'auto-generated' },
  { name: 'X-Auto-Response-Suppress', value: 'All' },
];

/**
 * Hands one claimed letter to the relay on the letters' own connections and writes down what became of it; what the reply
 * means for the person is settled in the same transaction.
 *
 * @returns `undefined` when the claim was lost meanwhile.
 */
export async function sendLetter(
  ctx: Context,
  letter: ClaimedLetter,
  subscriberId: number,
  mail: LetterMail,
): Promise<SettledLetter | undefined> {
  const { from, to, subject, html, text, leaving = { headers: [], values: {} } } = mail;
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  const messageId = `<l${opaqueName(ctx.keyring, 'letter', [letter.id, letter.attempt])}@${domain}>`;
  const raw = await composeLetter({
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
  const message = raw.toString('latin1');
  // Only an address outside ASCII brings such bytes (RFC 6531 §3.2): everything else is encoded.
  const eightBit = /[\x80-\xff]/.test(message);
  const outcome = await ctx.mail.letters.deliver({ from: from.address, to, eightBit }, () => message);
  const now = ctx.clock.now();
  const settled = await ctx.db.transaction().execute(async (tx) => {
    const written = await settleLetter(tx, letter, outcome, now, messageId);
    if (!written) return undefined;
    await noteAttempts(tx, [to.slice(to.lastIndexOf('@') + 1)], now);
    if (written.state === 'refused') {
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
