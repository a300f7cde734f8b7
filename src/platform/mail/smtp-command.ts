import type { Capabilities } from './smtp-handshake.ts';
import type { Envelope, Outcome, SmtpTimeouts } from './smtp-outcome.ts';

/**
 * How many round trips a message costs where the server offers PIPELINING (RFC 2920).
 * `full`: the next envelope leaves with the body (1). `envelope`: MAIL, RCPT and DATA together (2). `off`: 4.
 */
export type Pipelining = 'full' | 'envelope' | 'off';

/** One message on its way through one connection. */
export type Parcel = {
  readonly envelope: Envelope;
  /** The message as latin1 characters: CRLF lines, dot-stuffed, without the final dot. */
  readonly data: string;
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
  /** The final dot was handed to the socket: from here on the server may have the message. */
  dotSent: boolean;
};

export type Command =
  | { readonly step: 'rset' | 'quit'; readonly text: string; readonly transaction?: undefined }
  | {
      readonly step: 'mail' | 'rcpt' | 'data' | 'dot';
      readonly text: string;
      readonly transaction: Transaction;
    };

export function transactionFor(parcel: Parcel): Transaction {
  return { parcel, step: 'mail', settled: false, mailRefused: false, dotSent: false };
}

/** Gives a message its one outcome; a second one is dropped. */
export function settle(transaction: Transaction, outcome: Outcome): void {
  if (transaction.settled) return;
  transaction.settled = true;
  transaction.parcel.settle(outcome);
}

/** The commands that lead up to a message's body. */
export function envelopeCommands(
  transaction: Transaction,
  capabilities: Capabilities,
  resetFirst: boolean,
): Command[] {
  const { envelope, data } = transaction.parcel;
  const international = needsSmtpUtf8(envelope);
  let mail = `MAIL FROM:<${wireBytes(envelope.from)}>`;
  if (capabilities.sizeBytesMax !== undefined) mail += ` SIZE=${envelope.sizeBytes ?? data.length}`;
  if (capabilities.eightBitMime && (international || envelope.eightBit)) mail += ' BODY=8BITMIME';
  if (international) mail += ' SMTPUTF8';
  return [
    ...(resetFirst ? [{ step: 'rset', text: 'RSET\r\n' } as const] : []),
    { step: 'mail', text: `${mail}\r\n`, transaction },
    { step: 'rcpt', text: `RCPT TO:<${wireBytes(envelope.to)}>\r\n`, transaction },
    { step: 'data', text: 'DATA\r\n', transaction },
  ];
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
  if (needsSmtpUtf8(envelope) && !capabilities.smtpUtf8) {
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
}

function needsSmtpUtf8(envelope: Envelope): boolean {
  return envelope.smtpUtf8 === true || /[^\x00-\x7f]/.test(envelope.from) || /[^\x00-\x7f]/.test(envelope.to);
}

/** UTF-8 as one character per byte, since everything leaves as latin1. */
function wireBytes(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}
