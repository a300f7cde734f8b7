import type { Leave } from './pace.ts';
import type { Relay } from './relay.ts';
import type { Pipelining } from './smtp-command.ts';

const backOffMsMin = 1_000;
const backOffMsMax = 30_000;
/** So many messages in a row put off at MAIL, before anything was said of a reader: it is the relay, not the message. */
const putOffsMax = 5;

/** The way to one relay: how many connections it has, when it may be knocked at again, how many messages it may begin. */
export class RelayDoor {
  readonly relay: Relay;
  open = 0;
  opening = 0;
  /** Of those that are open, how many will close as soon as they rest. */
  leaving = 0;
  /** How much is sent at once; less after the relay’s answers got out of step. */
  pipelining: Pipelining;
  /** Drawn from its rate and not begun; undefined = it has no rate. */
  leave: Leave | undefined;
  /** When it pays to draw again, when that was done, and how many messages have begun since. */
  drawAt = new Date(0);
  drawnAt = new Date(0);
  begun = 0;
  /** The last connection came about. Until then one is tried at a time. */
  #proven = false;
  #failures = 0;
  #shutUntil = 0;
  #putOffs = 0;

  constructor(relay: Relay, pipelining: Pipelining) {
    this.relay = relay;
    this.pipelining = pipelining;
  }

  get weight(): number {
    return this.relay.weight ?? 1;
  }

  isShut(): boolean {
    return performance.now() < this.#shutUntil;
  }

  shutForMs(): number {
    return Math.max(0, this.#shutUntil - performance.now());
  }

  /** Something can still go this way, by a new connection or by one that is open. */
  isUsable(): boolean {
    return this.open > 0 || !this.isShut();
  }

  /** How many messages may begin. */
  turns(): number {
    return this.leave ? this.leave.left : Number.POSITIVE_INFINITY;
  }

  /** `share`: its part of all connections by weight, among the relays that are not shut. */
  mayOpen(share: number): boolean {
    if (this.isShut() || this.opening >= this.turns()) return false;
    // A relay that put everything off is asked with one connection until it takes something.
    const trying = this.#putOffs > 0 ? this.opening + this.open : this.opening;
    if (!this.#proven && trying > 0) return false;
    return this.open + this.opening < Math.min(share, this.relay.connections ?? share);
  }

  opened(): void {
    this.#proven = this.#putOffs === 0;
  }

  /** One rung down the ladder: chunked, full, envelope, off. */
  slowDown(): void {
    const below = { chunked: 'full', full: 'envelope', envelope: 'off', off: 'off' } as const;
    this.pipelining = below[this.pipelining];
  }

  answered(): void {
    this.#failures = 0;
    this.#putOffs = 0;
    this.#proven = true;
  }

  /** A message was put off at MAIL. True: it has come to so many that the door is to be shut. */
  putOff(): boolean {
    this.#putOffs = Math.min(putOffsMax, this.#putOffs + 1);
    return this.#putOffs === putOffsMax;
  }

  /** Shuts the door for 1, 2, 4 … 30 s; returns for how long. Failures of one burst count once. */
  failed(): number {
    this.#proven = false;
    const now = performance.now();
    if (now >= this.#shutUntil) {
      this.#shutUntil = now + Math.min(backOffMsMax, backOffMsMin * 2 ** this.#failures);
      this.#failures += 1;
    }
    return Math.round(this.#shutUntil - now);
  }
}
