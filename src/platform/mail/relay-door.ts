import type { Relay } from './relay.ts';
import type { Pipelining } from './smtp-command.ts';

const backOffMsMin = 1_000;
const backOffMsMax = 30_000;

/** The way to one relay: how many connections it has, and when it may be knocked at again. */
export class RelayDoor {
  readonly relay: Relay;
  open = 0;
  opening = 0;
  /** How much is sent at once; less after the relay’s answers got out of step. */
  pipelining: Pipelining;
  /** The last connection came about. Until then one is tried at a time. */
  #proven = false;
  #failures = 0;
  #shutUntil = 0;

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

  /** `share`: its part of all connections by weight, among the relays that are not shut. */
  mayOpen(share: number): boolean {
    if (this.isShut() || (!this.#proven && this.opening > 0)) return false;
    return this.open + this.opening < Math.min(share, this.relay.connections ?? share);
  }

  opened(): void {
    this.#proven = true;
  }

  /** One rung down the ladder: chunked, full, envelope, off. */
  slowDown(): void {
    const below = { chunked: 'full', full: 'envelope', envelope: 'off', off: 'off' } as const;
    this.pipelining = below[this.pipelining];
  }

  answered(): void {
    this.#failures = 0;
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
