const backOffMsMin = 1_000;
const backOffMsMax = 15_000;
/** After this a send pauses: somebody has to look at the relays. */
const awayMsMax = 10 * 60_000;
/** Tries are never so far apart while there is something to send: an older failure says nothing of the relays now. */
const forgottenAfterMs = 5 * 60_000;

/**
 * What this process knows of the way to the relays. While none can be reached, deliveries wait in the queue and one at a time
 * is tried, after 1, 2, 4 … 15 s: nobody's tries are used up by our own outage.
 */
export class RelayWatch {
  #failures = 0;
  #shutUntilMs = 0;
  #awaySinceMs: number | undefined;
  #failedAtMs = 0;
  /** What became of the last try that failed. */
  reason = '';

  /** A relay answered about a message. */
  answered(): void {
    this.#failures = 0;
    this.#awaySinceMs = undefined;
  }

  /** No relay could be reached. Failures of one burst count once. */
  failed(reason: string): void {
    const nowMs = performance.now();
    if (this.awayMs() === 0) this.answered();
    this.#awaySinceMs ??= nowMs;
    this.#failedAtMs = nowMs;
    this.reason = reason;
    if (nowMs < this.#shutUntilMs) return;
    this.#shutUntilMs = nowMs + Math.min(backOffMsMax, backOffMsMin * 2 ** this.#failures);
    this.#failures += 1;
  }

  /** How long to wait before the next try; 0 when there is no trouble, or the wait is over. */
  waitMs(): number {
    return this.#awaySinceMs === undefined ? 0 : Math.max(0, this.#shutUntilMs - performance.now());
  }

  /** For how long no relay has answered; 0 when all is well, or nothing was tried for long. */
  awayMs(): number {
    const nowMs = performance.now();
    if (this.#awaySinceMs === undefined || nowMs - this.#failedAtMs > forgottenAfterMs) return 0;
    return nowMs - this.#awaySinceMs;
  }

  /**
   * Whether no relay has answered for ten minutes, and a try since this moment of the process's clock has failed too: before it
   * they may have been mended.
   */
  goneSince(sinceMs: number): boolean {
    return this.#failedAtMs >= sinceMs && this.awayMs() > awayMsMax;
  }
}
