/** A deadline that is moved often and seldom met: one lazy timer instead of one per reply. It keeps no process alive. */
export class Deadline {
  #onOver: () => void;
  #at = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  set(waitMs: number): void {
    this.#at = performance.now() + waitMs;
    if (this.#at < this.#timerAt) this.#setTimer(waitMs);
  }

  /** Nothing is waited for. */
  lift(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  end(): void {
    this.lift();
    clearTimeout(this.#timer);
  }

  #setTimer(ms: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = performance.now() + ms;
    this.#timer = setTimeout(() => this.#look(), ms).unref();
  }

  #look(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    if (this.#at === Number.POSITIVE_INFINITY) return;
    const leftMs = this.#at - performance.now();
    if (leftMs > 1) this.#setTimer(leftMs);
    else this.#onOver();
  }
}
