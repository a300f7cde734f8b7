const keptMs = 10 * 60_000;
const domainsMax = 10_000;

/**
 * How many messages were decided at each domain lately, in memory: they are written down only when one of them bounced, for
 * the guard against taking a provider's incident for dead readers. What is forgotten makes that guard more careful, not less.
 */
export class AttemptLog {
  #seen = new Map<string, { sinceMs: number; n: number }>();

  note(domain: string): void {
    const nowMs = performance.now();
    const seen = this.#seen.get(domain);
    if (seen && nowMs - seen.sinceMs < keptMs) {
      seen.n += 1;
      return;
    }
    if (this.#seen.size >= domainsMax) this.#seen.clear();
    this.#seen.set(domain, { sinceMs: nowMs, n: 1 });
  }

  /** How many of a domain are not written down yet; from now on they are. */
  take(domain: string): number {
    const seen = this.#seen.get(domain);
    this.#seen.delete(domain);
    return seen && performance.now() - seen.sinceMs < keptMs ? seen.n : 0;
  }
}
