import type { Relay } from './relay.ts';

const backOffMsMin = 1_000;
const backOffMsMax = 30_000;

/** The way to one relay: how many connections it has, and when it may be knocked at again. */
export class RelayDoor {
  readonly relay: Relay;
  open = 0;
  opening = 0;
  /** The last connection came about. Until then one is tried at a time. */
  #proven = false;
  #failures = 0;
  #shutUntil = 0;

  constructor(relay: Relay) {
    this.relay = relay;
  }

  mayOpen(): boolean {
    if (performance.now() < this.#shutUntil) return false;
    if (!this.#proven && this.opening > 0) return false;
    return this.relay.connections === undefined || this.open + this.opening < this.relay.connections;
  }

  /** The relay with the least load for its weight is next. */
  load(): number {
    return (this.open + this.opening) / (this.relay.weight ?? 1);
  }

  opened(): void {
    this.#proven = true;
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
