import { Deadline } from '../../lib/deadline.ts';
import type { MailConnection } from './mail-connection.ts';
import type { MessageBytes } from './slab.ts';
import {
  assertEnvelope,
  type Command,
  chunkOf,
  commandsFor,
  dottedBody,
  mayBeHeld,
  type Parcel,
  type Pipelining,
  pipeliningWith,
  refusedByOffer,
  replyTimeoutMs,
  settle,
  type Transaction,
  textOf,
  transactionFor,
} from './smtp-command.ts';
import type { Capabilities } from './smtp-handshake.ts';
import type { Envelope, Outcome, SmtpTimeouts } from './smtp-outcome.ts';
import { applyReply } from './smtp-verdict.ts';
import type { Wire } from './smtp-wire.ts';

/** With `chunked`: whole messages that are under way at once, so that at most these are in doubt. */
const messagesAtOnceMax = 2;

/** Our own client's connection. It takes work from `deliver`, then from `take`, at the moment a message can leave. */
export class SmtpConnection implements MailConnection {
  readonly capabilities: Capabilities;
  /** TLS is on. */
  readonly encrypted: boolean;
  confused = false;
  take: () => Parcel | undefined = () => undefined;
  onIdle: () => void = () => {};
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
  /** The server has said 421: it may still answer what it has read, and then closes. */
  #goodbye = false;
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
    this.#pipelining = pipeliningWith(opened.capabilities, opened.pipelining);
    this.#wire.onReply = (lines) => this.#hear(lines);
    this.#wire.onLost = (reason) => this.#hangUp(reason);
    if (this.#wire.lost !== undefined) this.#close(this.#wire.lost);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends one message; `data` is latin1 with CRLF line ends, neither stuffed nor with a final dot.
   * Resolves exactly once, whatever happens to the connection. Rejects only an address no command can carry.
   */
  async deliver(envelope: Envelope, data: MessageBytes): Promise<Outcome> {
    assertEnvelope(envelope);
    if (this.#closed || this.#quitting) {
      return { kind: 'lost', phase: 'mail', afterDot: false, reason: 'the connection is closed' };
    }
    return new Promise((settle) => {
      this.#waiting.push({ envelope, data, settle });
      this.wake();
    });
  }

  wake(): boolean {
    if (!this.#mayBegin()) return false;
    const transaction = this.#nextTransaction();
    if (!transaction) return false;
    const wasIdle = this.#owed.length === 0;
    this.#begin(transaction);
    if (wasIdle) this.#watch();
    return true;
  }

  quit(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const done = new Promise<void>((resolve) => this.#onQuit.push(resolve));
    if (!this.#quitting) {
      this.#quitting = true;
      if (this.#owed.length === 0) this.#rest();
    }
    return done;
  }

  cut(reason: string): void {
    this.#close(reason);
  }

  #mayBegin(): boolean {
    if (this.#closed || this.#goodbye || this.#pouring) return false;
    if (this.#envelopeOpen || this.#held.length > 0) return false;
    if (this.#pipelining === 'chunked') return this.#messagesUnderWay() < messagesAtOnceMax;
    return this.#owed.length === 0 || this.#pipelining === 'full';
  }

  #messagesUnderWay(): number {
    let dots = 0;
    for (const { step } of this.#owed) if (step === 'dot') dots += 1;
    return dots;
  }

  #nextTransaction(): Transaction | undefined {
    for (;;) {
      const parcel = this.#waiting.shift() ?? (this.#quitting ? undefined : this.take());
      if (!parcel) return undefined;
      const refusal = refusedByOffer(parcel, this.capabilities);
      if (!refusal) return transactionFor(parcel);
      parcel.settle(refusal);
    }
  }

  #begin(transaction: Transaction): void {
    const commands = this.#commandsFor(transaction);
    if (this.#pipelining === 'off') {
      this.#held = commands;
      this.#sendHeld();
    } else if (this.#pipelining === 'chunked') {
      this.#owed.push(...commands);
      this.#pour(textOf(commands), chunkOf(transaction), '', transaction);
    } else this.#send(commands);
  }

  #commandsFor(transaction: Transaction): Command[] {
    const chunked = this.#pipelining === 'chunked';
    this.#envelopeOpen = !chunked;
    // What becomes of the message before is not known yet, and a refused chunk leaves its transaction open.
    const resetFirst = this.#needsReset || (chunked && this.#owed.length > 0);
    return commandsFor(transaction, this.capabilities, { resetFirst, chunked });
  }

  #send(commands: Command[]): void {
    this.#owed.push(...commands);
    this.#wire.write(textOf(commands));
  }

  #sendHeld(): void {
    const next = this.#held.shift();
    if (next) this.#send([next]);
  }

  #hear(lines: string[]): void {
    const code = Number(lines[0]?.slice(0, 3));
    const command = this.#owed[0];
    // Owed until it is applied: closing in the middle must still find its message.
    if (command) this.#apply(command, code, lines);
    if (this.#closed) return;
    this.#owed.shift();
    if (code === 421) this.#goodbye = true;
    if (this.#goodbye && !this.#owed.some(({ transaction }) => mayBeHeld(transaction)))
      this.#close('the server is closing the connection (421)');
    else if (!command) this.#distrust('the server spoke out of turn');
    else this.#goOn(command);
  }

  #apply(command: Command, code: number, lines: string[]): void {
    const verdict = applyReply(command, code, lines);
    const { step } = command;
    if (step === 'mail' && verdict.kind === 'on') this.#needsReset = true;
    if (step === 'rset') this.#needsReset = false;
    if (step === 'dot' && this.#pipelining === 'chunked') this.#needsReset = code >= 300;
    const heldBack = verdict.kind === 'refused' && this.#pipelining === 'off';
    if (heldBack) this.#held = [];
    if (heldBack || step === 'data') this.#envelopeOpen = false;
    if (verdict.kind === 'distrust') this.#distrust(verdict.reason);
    if (verdict.kind === 'close') this.#close(verdict.reason);
    if (verdict.kind === 'body') this.#sendBody(verdict.transaction);
  }

  #goOn(answered: Command): void {
    if (this.#owed.length > 0) {
      if (this.#pipelining === 'chunked' && answered.step === 'dot') this.wake();
    } else if (this.#held.length > 0) this.#sendHeld();
    else if (!this.#pouring && !this.wake()) this.#rest();
    this.#watch();
  }

  #rest(): void {
    if (this.#quitting) this.#send([{ step: 'quit', text: 'QUIT\r\n' }]);
    else this.onIdle();
    this.#watch();
  }

  /** The body with its final dot, or the dot alone where the recipient was refused, and the next envelope. */
  #sendBody(transaction: Transaction): void {
    const alone = transaction.settled;
    const body = alone ? '.\r\n' : dottedBody(transaction);
    this.#owed.push({ step: 'dot', text: '', transaction });
    // The dot ends the transaction; a lone one leaves the server free to disagree.
    this.#needsReset = alone;
    const next = this.#pipelining === 'full' ? this.#nextTransaction() : undefined;
    const commands = next ? this.#commandsFor(next) : [];
    this.#owed.push(...commands);
    this.#pour('', body, textOf(commands), transaction);
  }

  /** Writes a message, which may be long, with the commands before and behind it. */
  #pour(before: string, body: MessageBytes, behind: string, transaction: Transaction): void {
    if (typeof body !== 'string') {
      transaction.dotSent = true;
      this.#watch();
      this.#wire.pourSlab(before, body, behind);
      return;
    }
    const text = before + body + behind;
    const bodyEnd = before.length + body.length;
    this.#wire.pour(text, (end) => {
      if (end >= bodyEnd) transaction.dotSent = true;
      this.#pouring = end < text.length;
      this.#watch();
    });
  }

  /** A server that hangs up before it answers anything of a whole message leaves it in doubt: less at once would not. */
  #hangUp(reason: string): void {
    const unheard = ({ step, transaction }: Command) => step === 'mail' && mayBeHeld(transaction);
    if (!this.#goodbye && this.#owed.some(unheard)) this.confused = true;
    this.#close(reason, { readNoMore: this.#goodbye });
  }

  #distrust(reason: string): void {
    this.confused = true;
    this.#close(reason);
  }

  #close(reason: string, { readNoMore = false } = {}): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wire.destroy(reason);
    this.#deadline.end();
    for (const { transaction } of [...this.#owed, ...this.#held]) {
      if (!transaction) continue;
      const afterDot = transaction.dotSent && !readNoMore;
      const phase = afterDot ? 'dot' : transaction.step;
      settle(transaction, { kind: 'lost', phase, afterDot, reason });
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
    if (this.#owed.length === 0 || this.#closed) this.#deadline.lift();
    else this.#deadline.set(this.#timeoutMs());
  }

  #timeoutMs(): number {
    if (this.#goodbye) return this.#timeouts.quitMs;
    return replyTimeoutMs(this.#owed[0]?.step ?? 'mail', this.#timeouts, this.#pouring);
  }

  #giveUp(): void {
    const step = this.#owed[0]?.step ?? 'mail';
    const what = step === 'dot' ? 'the message' : step.toUpperCase();
    this.#close(`no reply to ${what} within ${this.#timeoutMs() / 1000} s`);
  }
}
