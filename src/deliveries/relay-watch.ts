const backOffMsMin = 1_000;
const backOffMsMax = 15_000;

/**
 * What this process knows of the way to the relays. While none can be reached, deliveries wait in the queue and one at a time
 * is tried, after 1, 2, 4 … 15 s: nobody's tries are used up by our own outage.
 */
export class RelayWatch {
  #failures = 0;
  #shutUntilMs = 0;
  #awaySinceMs: number | undefined;

  /** A relay answered about a message. */
  answered(): void {
    this.#failures = 0;
    this.#awaySinceMs = undefined;
  }

  /** No relay could be reached. Failures of one burst count once. */
  failed(): void {
    const nowMs = performance.now();
    this.#awaySinceMs ??= nowMs;
    if (nowMs < this.#shutUntilMs) return;
    this.#shutUntilMs = nowMs + Math.min(backOffMsMax, backOffMsMin * 2 ** this.#failures);
    this.#failures += 1;
  }

  /** How long to wait before the next try; 0 when there is no trouble, or the wait is over. */
  waitMs(): number {
    return this.#awaySinceMs === undefined ? 0 : Math.max(0, this.#shutUntilMs - performance.now());
  }

  /** For how long no relay has answered; 0 when all is well. */
  awayMs(): number {
    return this.#awaySinceMs === undefined ? 0 : performance.now() - this.#awaySinceMs;
  }
}
