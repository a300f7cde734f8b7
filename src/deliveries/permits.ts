/**
 * A fixed number of permits that everyone in this process shares: each stands for one delivery that may be `sending`.
 * Whoever gets none can wait for the next that is given back.
 */
export class Permits {
  readonly max: number;
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.max = max;
    this.#free = max;
  }

  get free(): number {
    return this.#free;
  }

  /** Takes up to so many, at once; perhaps none. */
  take(wanted: number): number {
    const taken = Math.max(0, Math.min(wanted, this.#free));
    this.#free -= taken;
    return taken;
  }

  release(count: number): void {
    if (count === 0) return;
    this.#free += count;
    if (this.#free > this.max) throw new Error('more permits came back than there are');
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Calls back once, when permits have come back. */
  onceFreed(wake: () => void): void {
    this.#waiting.push(wake);
  }
}
