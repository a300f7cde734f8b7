import type { ConnectionOptions } from 'node:tls';
import type { Relay } from './relay.ts';
import {
  assertEnvelope,
  type Command,
  envelopeCommands,
  type Parcel,
  type Pipelining,
  refusedByOffer,
  replyTimeoutMs,
  settle,
  type Transaction,
  transactionFor,
} from './smtp-command.ts';
import { Deadline } from './smtp-deadline.ts';
import { type Capabilities, shakeHands } from './smtp-handshake.ts';
import { type Envelope, type Outcome, type SmtpTimeouts, smtpTimeouts } from './smtp-outcome.ts';
import { parseReply } from './smtp-reply.ts';
import type { Wire } from './smtp-wire.ts';

export type SmtpOptions = {
  ehloName: string;
  timeouts?: Partial<SmtpTimeouts>;
  tls?: ConnectionOptions;
  /** At most this; without PIPELINING in EHLO it is `off` anyway. Default `full`. */
  pipelining?: Pipelining;
  signal?: AbortSignal;
};

/** Opens a connection up to the point where mail can be handed over. Throws `SmtpLost` with the phase. */
export async function openSmtp(relay: Relay, options: SmtpOptions): Promise<SmtpConnection> {
  const timeouts = { ...smtpTimeouts, ...options.timeouts };
  const { ehloName, tls = {}, signal } = options;
  const opened = await shakeHands(relay, { ehloName, timeouts, tls, signal });
  return new SmtpConnection({ ...opened, timeouts, pipelining: options.pipelining ?? 'full' });
}

/**
 * An open SMTP connection that carries one message after the other, each with exactly one outcome.
 * It takes work from `deliver` and, when that is empty, from `take`, asking for the next message
 * at the moment its envelope can leave with the body before.
 */
export class SmtpConnection {
  readonly capabilities: Capabilities;
  /** TLS is on. */
  readonly encrypted: boolean;
  /** The server’s answers did not fit our commands; with fewer commands at once they may. */
  confused = false;
  /** Offers the next message; called when one can be begun. */
  take: () => Parcel | undefined = () => undefined;
  /** Nothing is under way and `take` had nothing. */
  onIdle: () => void = () => {};
  /** Called once; every message of this connection is settled by then. */
  onClosed: (reason: string) => void = () => {};
  #wire: Wire;
  #timeouts: SmtpTimeouts;
  #pipelining: Pipelining;
  #waiting: Parcel[] = [];
  /** Commands on the wire whose replies are due, oldest first. */
  #owed: Command[] = [];
  /** Without pipelining: the commands of the envelope that wait for the reply before. */
  #held: Command[] = [];
  /** An envelope is under way: its DATA is not answered. */
  #envelopeOpen = false;
  #pouring = false;
  #needsReset = false;
  #quitting = false;
  #closed = false;
  #onQuit: (() => void)[] = [];
  #deadline = new Deadline(() => this.#giveUp());

  constructor(opened: {
    wire: Wire;
    capabilities: Capabilities;
    encrypted: boolean;
    timeouts: SmtpTimeouts;
    pipelining: Pipelining;
  }) {
    this.capabilities = opened.capabilities;
    this.encrypted = opened.encrypted;
    this.#wire = opened.wire;
    this.#timeouts = opened.timeouts;
    this.#pipelining = opened.capabilities.pipelining ? opened.pipelining : 'off';
    this.#wire.onReply = (lines) => this.#hear(lines);
    this.#wire.onLost = (reason) => this.#close(reason);
    if (this.#wire.lost !== undefined) this.#close(this.#wire.lost);
  }

  /** True once the connection is gone; the server may close it silently between messages, which is no error. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends one message; `data` is latin1, CRLF, dot-stuffed, without the final dot.
   * Resolves exactly once, whatever happens to the connection. Rejects only an address no command can carry.
   */
  async deliver(envelope: Envelope, data: string): Promise<Outcome> {
    assertEnvelope(envelope);
    if (this.#closed || this.#quitting) {
      return { kind: 'lost', phase: 'mail', afterDot: false, reason: 'the connection is closed' };
    }
    return new Promise((settle) => {
      this.#waiting.push({ envelope, data, settle });
      this.wake();
    });
  }

  /** Begins the next message if the connection has room for its envelope. False: none was begun. */
  wake(): boolean {
    if (this.#closed || this.#envelopeOpen || this.#pouring || this.#held.length > 0) return false;
    if (this.#owed.length > 0 && this.#pipelining !== 'full') return false;
    const commands = this.#nextEnvelope();
    if (!commands) return false;
    const wasIdle = this.#owed.length === 0;
    this.#send(commands);
    if (wasIdle) this.#watch();
    return true;
  }

  /** Finishes what it was given, says QUIT and closes; safe to call twice. */
  quit(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const done = new Promise<void>((resolve) => this.#onQuit.push(resolve));
    if (!this.#quitting) {
      this.#quitting = true;
      if (this.#owed.length === 0) this.#rest();
    }
    return done;
  }

  /** Drops the connection; whatever was under way is lost, and says whether the final dot had left. */
  cut(reason: string): void {
    this.#close(reason);
  }

  #nextEnvelope(): Command[] | undefined {
    for (;;) {
      const parcel = this.#waiting.shift() ?? (this.#quitting ? undefined : this.take());
      if (!parcel) return undefined;
      const refusal = refusedByOffer(parcel, this.capabilities);
      if (!refusal) {
        this.#envelopeOpen = true;
        return envelopeCommands(transactionFor(parcel), this.capabilities, this.#needsReset);
      }
      parcel.settle(refusal);
    }
  }

  #send(commands: Command[]): void {
    if (this.#pipelining === 'off') {
      const first = commands.shift();
      this.#held = commands;
      if (!first) return;
      this.#owed.push(first);
      this.#wire.write(first.text);
      return;
    }
    this.#owed.push(...commands);
    this.#wire.write(commands.map((command) => command.text).join(''));
  }

  #hear(lines: string[]): void {
    const code = Number(lines[0]?.slice(0, 3));
    const command = this.#owed[0];
    // Owed until it is applied: closing in the middle must still find its message.
    if (command) this.#apply(command, code, lines);
    if (this.#closed) return;
    this.#owed.shift();
    if (code === 421) this.#close('the server is closing the connection (421)');
    else if (!command) this.#distrust('the server spoke out of turn');
    else if (this.#owed.length > 0) this.#watch();
    else this.#goOn();
  }

  #goOn(): void {
    if (this.#held.length > 0) this.#send(this.#held);
    else if (!this.#pouring && !this.wake()) this.#rest();
    this.#watch();
  }

  #rest(): void {
    if (this.#quitting) this.#send([{ step: 'quit', text: 'QUIT\r\n' }]);
    else this.onIdle();
    this.#watch();
  }

  #apply(command: Command, code: number, lines: string[]): void {
    switch (command.step) {
      case 'quit':
        this.#close('we have quit');
        break;
      case 'rset':
        this.#needsReset = false;
        if (code >= 300 && code !== 421) this.#close('the server refused RSET');
        break;
      case 'mail':
      case 'rcpt':
        this.#applyEnvelope(command.step, command.transaction, code, lines);
        break;
      case 'data':
        this.#applyData(command.transaction, code, lines);
        break;
      case 'dot':
        this.#applyDot(command.transaction, code, lines);
        break;
    }
  }

  #applyEnvelope(step: 'mail' | 'rcpt', transaction: Transaction, code: number, lines: string[]): void {
    if (code < 300) {
      if (step === 'mail') this.#needsReset = true;
      transaction.step = step === 'mail' ? 'rcpt' : 'data';
    } else if (code < 400) {
      this.#distrust(`the server answered ${code} to ${step.toUpperCase()}`);
    } else {
      if (step === 'mail') transaction.mailRefused = true;
      settle(transaction, { kind: 'reply', phase: step, reply: parseReply(lines) });
      if (this.#pipelining !== 'off') return;
      this.#held = [];
      this.#envelopeOpen = false;
    }
  }

  #applyData(transaction: Transaction, code: number, lines: string[]): void {
    this.#envelopeOpen = false;
    if (code >= 400) settle(transaction, { kind: 'reply', phase: 'data', reply: parseReply(lines) });
    else if (code < 300) this.#distrust(`the server answered ${code} to DATA`);
    // No dot is safe here: whatever the server believes it is receiving, it is not our message.
    else if (transaction.mailRefused) this.#distrust('the server took DATA after it refused MAIL');
    else this.#sendBody(transaction);
  }

  #applyDot(transaction: Transaction, code: number, lines: string[]): void {
    if (code >= 300 && code < 400) this.#distrust(`the server answered ${code} to the end of the message`);
    else if (transaction.dotSent)
      settle(transaction, { kind: 'reply', phase: 'dot', reply: parseReply(lines) });
    else {
      if (code >= 400) settle(transaction, { kind: 'reply', phase: 'dot', reply: parseReply(lines) });
      this.#close('the server answered before the end of the message');
    }
  }

  /** The body with its final dot, or the dot alone where the recipient was refused, and the next envelope. */
  #sendBody(transaction: Transaction): void {
    const alone = transaction.settled;
    const { data } = transaction.parcel;
    const body = alone ? '.\r\n' : data.endsWith('\r\n') ? `${data}.\r\n` : `${data}\r\n.\r\n`;
    this.#owed.push({ step: 'dot', text: '', transaction });
    // The dot ends the transaction; a lone one leaves the server free to disagree.
    this.#needsReset = alone;
    const next = this.#pipelining === 'full' ? (this.#nextEnvelope() ?? []) : [];
    this.#owed.push(...next);
    const text = body + next.map((command) => command.text).join('');
    this.#wire.pour(text, (end) => {
      if (end >= body.length) transaction.dotSent = true;
      this.#pouring = end < text.length;
      this.#watch();
    });
  }

  #distrust(reason: string): void {
    this.confused = true;
    this.#close(reason);
  }

  #close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wire.destroy(reason);
    this.#deadline.end();
    for (const { transaction } of [...this.#owed, ...this.#held]) {
      if (!transaction) continue;
      const phase = transaction.dotSent ? 'dot' : transaction.step;
      settle(transaction, { kind: 'lost', phase, afterDot: transaction.dotSent, reason });
    }
    for (const parcel of this.#waiting)
      parcel.settle({ kind: 'lost', phase: 'mail', afterDot: false, reason });
    this.#owed = [];
    this.#held = [];
    this.#waiting = [];
    for (const resolve of this.#onQuit) resolve();
    this.onClosed(reason);
  }

  /** Sets the deadline of the oldest reply due. */
  #watch(): void {
    const step = this.#owed[0]?.step;
    if (step === undefined || this.#closed) this.#deadline.lift();
    else this.#deadline.set(replyTimeoutMs(step, this.#timeouts, this.#pouring));
  }

  #giveUp(): void {
    const step = this.#owed[0]?.step ?? 'mail';
    const what = step === 'dot' ? 'the message' : step.toUpperCase();
    const seconds = replyTimeoutMs(step, this.#timeouts, this.#pouring) / 1000;
    this.#close(`no reply to ${what} within ${seconds} s`);
  }
}
