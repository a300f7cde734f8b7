import { Readable } from 'node:stream';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailConnection } from './mail-connection.ts';
import { type Parcel, refusedByOffer } from './smtp-command.ts';
import type { Capabilities } from './smtp-handshake.ts';
import type { Envelope, Outcome, SmtpTimeouts } from './smtp-outcome.ts';
import { parseReply } from './smtp-reply.ts';

/**
 * A connection of nodemailer's. One message at a time, two round trips each. nodemailer does not say in which phase a
 * connection was lost, so what was lost after the server had asked for the body counts as in doubt.
 */
export class NodemailerConnection implements MailConnection {
  readonly capabilities: Capabilities;
  readonly confused = false;
  take: () => Parcel | undefined = () => undefined;
  onIdle: () => void = () => {};
  onClosed: (reason: string) => void = () => {};
  #smtp: SMTPConnection;
  #timeouts: SmtpTimeouts;
  #current: { parcel: Parcel; bodyAsked: boolean } | undefined;
  /** A message is under way, or the RSET after one. */
  #busy = false;
  #closed = false;
  #reason = 'the server closed the connection';
  #quitting = false;
  #onQuit: (() => void)[] = [];
  #quitTimer: NodeJS.Timeout | undefined;

  constructor(smtp: SMTPConnection, capabilities: Capabilities, timeouts: SmtpTimeouts) {
    this.#smtp = smtp;
    this.capabilities = capabilities;
    this.#timeouts = timeouts;
    smtp.on('error', (error: Error & { code?: string }) => {
      this.#reason = `the connection was lost (${error.code ?? 'no code'})`;
    });
    // The message that was under way hears of its answer after this event.
    smtp.on('end', () => setImmediate(() => this.#end()));
    if (smtp.destroyed) this.#closed = true;
  }

  get closed(): boolean {
    return this.#closed;
  }

  wake(): boolean {
    if (this.#closed || this.#quitting || this.#busy) return false;
    for (let parcel = this.take(); parcel; parcel = this.take()) {
      const refusal = refusedByOffer(parcel, this.capabilities);
      if (!refusal) {
        this.#carry(parcel);
        return true;
      }
      parcel.settle(refusal);
    }
    return false;
  }

  quit(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const done = new Promise<void>((resolve) => this.#onQuit.push(resolve));
    this.#quitting = true;
    if (!this.#busy) this.#sayQuit();
    return done;
  }

  cut(reason: string): void {
    if (this.#closed) return;
    this.#reason = reason;
    this.#smtp.close();
    this.#end();
  }

  #carry(parcel: Parcel): void {
    const current = { parcel, bodyAsked: false };
    this.#busy = true;
    this.#current = current;
    const bytes = Buffer.from(String(parcel.data), 'latin1');
    const body = new Readable({
      read() {
        current.bodyAsked = true;
        this.push(bytes);
        this.push(null);
      },
    });
    this.#smtp.send(envelopeOf(parcel.envelope, bytes.length), body, (error, info) => {
      if (this.#current !== current) return;
      this.#current = undefined;
      const answer = error ? error.response : info.response;
      parcel.settle(outcomeOf(error?.command, error?.code, answer, current.bodyAsked, this.#reason));
      if (error) this.#reset();
      else this.#next();
    });
  }

  /** A refused message may have left its transaction open. */
  #reset(): void {
    this.#smtp.reset((error) => {
      if (error) this.#smtp.close();
      else this.#next();
    });
  }

  #next(): void {
    this.#busy = false;
    if (this.#closed) return;
    if (this.#quitting) this.#sayQuit();
    else if (!this.wake()) this.onIdle();
  }

  #sayQuit(): void {
    if (this.#quitTimer) return;
    this.#quitTimer = setTimeout(() => this.cut('no reply to QUIT'), this.#timeouts.quitMs);
    this.#smtp.quit();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#quitTimer);
    const current = this.#current;
    this.#current = undefined;
    current?.parcel.settle(lost(current.bodyAsked, this.#reason));
    for (const resolve of this.#onQuit) resolve();
    this.onClosed(this.#reason);
  }
}

function envelopeOf(envelope: Envelope, bytes: number) {
  const { from, to, eightBit, smtpUtf8, envelopeId } = envelope;
  return {
    from,
    to,
    size: envelope.sizeBytes ?? bytes,
    use8BitMime: eightBit === true || smtpUtf8 === true,
    ...(envelopeId === undefined
      ? {}
      : { dsn: { ret: 'HDRS', envid: envelopeId, notify: ['FAILURE', 'DELAY'], orcpt: `rfc822;${to}` } }),
  };
}

function outcomeOf(
  command: string | undefined,
  code: string | undefined,
  answer: string | undefined,
  bodyAsked: boolean,
  reason: string,
): Outcome {
  const lines = answer?.split(/\r?\n/).filter((line) => line !== '') ?? [];
  const reply = parseReply(lines);
  if (reply.code === 0) return lost(bodyAsked, reason);
  if (command === undefined || code === 'EMESSAGE') return { kind: 'reply', phase: 'dot', reply };
  if (command === 'RCPT TO') return { kind: 'reply', phase: 'rcpt', reply };
  if (command === 'DATA') return { kind: 'reply', phase: 'data', reply };
  // A 421 that answered one of several commands comes without the command's name.
  if (command === 'MAIL FROM' || (reply.code === 421 && !bodyAsked)) {
    return { kind: 'reply', phase: 'mail', reply };
  }
  return lost(bodyAsked, reason);
}

function lost(bodyAsked: boolean, reason: string): Outcome {
  return { kind: 'lost', phase: bodyAsked ? 'dot' : 'mail', afterDot: bodyAsked, reason };
}
