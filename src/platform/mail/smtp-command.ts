import type { MessageBytes } from './slab.ts';
import type { Capabilities } from './smtp-handshake.ts';
import type { Envelope, Outcome, SmtpTimeouts } from './smtp-outcome.ts';

/**
 * How much leaves at once where the server offers PIPELINING (RFC 2920), and the round trips that a message costs.
 * `chunked`: envelope and body together by BDAT (RFC 3030), and the next message behind them (½). `full`: the next
 * envelope leaves with the body (1). `envelope`: MAIL, RCPT and DATA together (2). `off`: one command at a time (4).
 */
export type Pipelining = 'chunked' | 'full' | 'envelope' | 'off';

/** What an order comes to with a server that offers this. */
export function pipeliningWith(offered: Capabilities, wanted: Pipelining): Pipelining {
  if (!offered.pipelining) return 'off';
  return wanted === 'chunked' && !offered.chunking ? 'full' : wanted;
}

/** One message on its way through one connection. */
export type Parcel = {
  readonly envelope: Envelope;
  /**
   * The message, with CRLF line ends, as the reader is to get it: nothing is stuffed, and there is no final dot. Where a line
   * of a string begins with a dot the envelope says `dotted`; the parts we build have none. Empty once it is on its way.
   */
  data: MessageBytes;
  /** Called exactly once. */
  readonly settle: (outcome: Outcome) => void;
};

/** A parcel whose commands are being written. */
export type Transaction = {
  parcel: Parcel;
  /** The oldest command of it that is not answered. */
  step: 'mail' | 'rcpt' | 'data';
  settled: boolean;
  mailRefused: boolean;
  /** The final dot, or the last chunk, was handed to the socket: from here on the server may have the message. */
  dotSent: boolean;
};

export type Command =
  | { readonly step: 'rset' | 'quit'; text: string; readonly transaction?: undefined }
  | {
      readonly step: 'mail' | 'rcpt' | 'data' | 'dot';
      text: string;
      readonly transaction: Transaction;
    };

export function transactionFor(parcel: Parcel): Transaction {
  return { parcel, step: 'mail', settled: false, mailRefused: false, dotSent: false };
}

/** Its bytes have all left, and nothing is decided: the server may have it. */
export function mayBeHeld(transaction: Transaction | undefined): boolean {
  return transaction?.dotSent === true && !transaction.settled;
}

/** Gives a message its one outcome; a second one is dropped. */
export function settle(transaction: Transaction, outcome: Outcome): void {
  if (transaction.settled) return;
  transaction.settled = true;
  transaction.parcel.settle(outcome);
}

/**
 * The commands of one message: MAIL and RCPT with what EHLO offered for them, after RSET where the server may still be in a
 * transaction; then DATA, or the whole message in one chunk.
 */
export function commandsFor(
  transaction: Transaction,
  offered: Capabilities,
  how: { resetFirst: boolean; chunked: boolean },
): Command[] {
  const { envelope, data } = transaction.parcel;
  const { envelopeId } = envelope;
  const international = needsSmtpUtf8(envelope);
  let mail = `MAIL FROM:<${wireBytes(envelope.from)}>`;
  if (offered.sizeBytesMax !== undefined) mail += ` SIZE=${envelope.sizeBytes ?? data.length}`;
  if (offered.eightBitMime && (international || envelope.eightBit)) mail += ' BODY=8BITMIME';
  if (international) mail += ' SMTPUTF8';
  let rcpt = `RCPT TO:<${wireBytes(envelope.to)}>`;
  if (offered.dsn && envelopeId !== undefined) {
    mail += ` RET=HDRS ENVID=${xtext(envelopeId)}`;
    rcpt += ' NOTIFY=FAILURE,DELAY';
    // An address outside ASCII would need the utf-8 type of RFC 6533 §3, which few servers read.
    if (/^[\x21-\x7e]+$/.test(envelope.to)) rcpt += ` ORCPT=rfc822;${xtext(envelope.to)}`;
  }
  return [
    ...(how.resetFirst ? [{ step: 'rset', text: 'RSET\r\n' } as const] : []),
    { step: 'mail', text: `${mail}\r\n`, transaction },
    { step: 'rcpt', text: `${rcpt}\r\n`, transaction },
    how.chunked ? chunkCommand(transaction) : { step: 'data', text: 'DATA\r\n', transaction },
  ];
}

/**
 * Announces the whole message as its one and last chunk (RFC 3030 §2), which follows by `chunkOf`; its reply is that to a final
 * dot.
 */
function chunkCommand(transaction: Transaction): Command {
  const { data } = transaction.parcel;
  return { step: 'dot', text: `BDAT ${data.length + missingEnd(data).length} LAST\r\n`, transaction };
}

/** The message as BDAT carries it. */
export function chunkOf({ parcel }: Transaction): MessageBytes {
  const data = takeData(parcel);
  return typeof data === 'string' ? data + missingEnd(data) : data;
}

function missingEnd(data: MessageBytes): string {
  return typeof data !== 'string' || data.endsWith('\r\n') ? '' : '\r\n';
}

/**
 * The message, which the parcel then lets go: kept until its reply it would outlive two collections of young objects, and the
 * collector would cost more than everything else (46 % of a worker with a hundred mails under way).
 */
function takeData(parcel: Parcel): MessageBytes {
  const { data } = parcel;
  parcel.data = '';
  return data;
}

/** The message as DATA carries it (RFC 5321 §4.5.2), with its final dot. */
export function dottedBody({ parcel }: Transaction): MessageBytes {
  const { envelope } = parcel;
  const data = takeData(parcel);
  if (typeof data !== 'string') {
    data.append('.\r\n');
    return data;
  }
  const lines = envelope.dotted ? data.replace(/^\./gm, '..') : data;
  return lines.endsWith('\r\n') ? `${lines}.\r\n` : `${lines}\r\n.\r\n`;
}

/** What to write; the commands keep nothing of it. */
export function textOf(commands: readonly Command[]): string {
  const text = commands.map((command) => command.text).join('');
  for (const command of commands) command.text = '';
  return text;
}

/** How long the reply to a command may take; while a long body is still leaving, how long one piece of it may. */
export function replyTimeoutMs(step: Command['step'], timeouts: SmtpTimeouts, bodyLeaving: boolean): number {
  const { mailMs, rcptMs, dataMs, blockMs, dotMs, quitMs } = timeouts;
  if (step === 'dot') return bodyLeaving ? blockMs : dotMs;
  return { rset: mailMs, mail: mailMs, rcpt: rcptMs, data: dataMs, quit: quitMs }[step];
}

/** A refusal that the server's own EHLO already announces: it is given without asking (RFC 1870, RFC 6531 §3.5). */
export function refusedByOffer(parcel: Parcel, capabilities: Capabilities): Outcome | undefined {
  const { envelope, data } = parcel;
  if (!capabilities.smtpUtf8 && needsSmtpUtf8(envelope)) {
    const text = 'the relay does not offer SMTPUTF8, which this address needs';
    return { kind: 'reply', phase: 'rcpt', reply: { code: 553, status: '5.6.7', text } };
  }
  const sizeBytes = envelope.sizeBytes ?? data.length;
  if (capabilities.sizeBytesMax !== undefined && sizeBytes > capabilities.sizeBytesMax) {
    const text = `message size ${sizeBytes} exceeds the relay’s limit of ${capabilities.sizeBytesMax} bytes`;
    return { kind: 'reply', phase: 'mail', reply: { code: 552, status: '5.3.4', text } };
  }
  return undefined;
}

/** Throws on an address that would end its command early. The address is not quoted. */
export function assertEnvelope(envelope: Envelope): void {
  if (/[\x00-\x20<>\x7f]/.test(envelope.from))
    throw new Error('the envelope sender holds a character no command can');
  if (/[\x00-\x20<>\x7f]/.test(envelope.to) || envelope.to === '') {
    throw new Error('the envelope recipient is empty or holds a character no command can');
  }
  const { envelopeId } = envelope;
  if (envelopeId !== undefined && !/^[\x21-\x7e]{1,100}$/.test(envelopeId)) {
    throw new Error('the envelope id is not 1 to 100 printable ASCII characters (RFC 3461 §4.4)');
  }
}

function needsSmtpUtf8(envelope: Envelope): boolean {
  return envelope.smtpUtf8 === true || /[^\x00-\x7f]/.test(envelope.from) || /[^\x00-\x7f]/.test(envelope.to);
}

/** UTF-8 as one character per byte, since everything leaves as latin1. */
function wireBytes(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** RFC 3461 §4: "+", "=" and all that is not printable ASCII as +XX. */
function xtext(text: string): string {
  return text.replace(/[^\x21-\x2a\x2c-\x3c\x3e-\x7e]/g, (char) => {
    return `+${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}
