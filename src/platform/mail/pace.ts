import type { Relay } from './relay.ts';

/** Leave to begin messages by relays that have a rate, out of the account that all processes share. */
export type Pace = {
  /** The clock that `nextAt` is told by. */
  now(): Date;
  /** Whether this relay has a rate at all; the others are never asked for. */
  isPaced(relay: Relay): boolean;
  /** How many of so many may begin now, and when it pays to ask for more. Never rejects: trouble is a later `nextAt`. */
  draw(relay: Relay, wanted: number): Promise<{ granted: number; nextAt: Date }>;
  /** Hands back what was drawn at that time and not begun. Never rejects. */
  giveBack(relay: Relay, count: number, drawnAt: Date): Promise<void>;
};

/** What was drawn for one relay and has not begun. */
export class Leave {
  #drawn: { count: number; at: Date }[] = [];

  get left(): number {
    return this.#drawn.reduce((sum, { count }) => sum + count, 0);
  }

  add(count: number, at: Date): void {
    if (count > 0) this.#drawn.push({ count, at });
  }

  /** Uses the oldest, and says when it was drawn; undefined = there is none. */
  use(): Date | undefined {
    const [oldest] = this.#drawn;
    if (!oldest) return undefined;
    oldest.count -= 1;
    if (oldest.count === 0) this.#drawn.shift();
    return oldest.at;
  }

  /** Takes so many out, by the time at which they were drawn. */
  takeOut(count: number): { count: number; at: Date }[] {
    const out: { count: number; at: Date }[] = [];
    for (let open = Math.min(count, this.left); open > 0; ) {
      const newest = this.#drawn.at(-1);
      if (!newest) break;
      const part = Math.min(open, newest.count);
      newest.count -= part;
      if (newest.count === 0) this.#drawn.pop();
      out.push({ count: part, at: newest.at });
      open -= part;
    }
    return out;
  }
}
