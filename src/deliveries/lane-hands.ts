import { type InARow, inARowMax } from './lane-policy.ts';

/** Batches of healthy lanes in hand at once: while one is claimed the other is on the wire. More would only make windows small. */
const batchesMax = 2;
/** What is not at its full pace has few on the wire, whatever its limit. */
const crawlingMax = 4;
const countsKept = 10_000;
const kinds = Object.keys(inARowMax) as InARow[];

/**
 * What this process has in hand. Healthy lanes take turns at two places, in the order of their batches. A lane with a limit or
 * in trouble has a place of its own, and few deliveries at once, so that it never holds up the others.
 */
export class LaneHands {
  #places = new Map<string, number>();
  /** Bells that found no place since somebody last left one. */
  #missed = new Set<string>();
  /** Deliveries that are `sending`, by lane. */
  #sending = new Map<string, number>();
  #inARow = new Map<string, number>();

  /** Takes a place: a limited lane's own, or (`undefined`) one for healthy lanes. False when there is none. */
  enter(limited: string | undefined): boolean {
    const key = limited ?? '';
    const taken = this.#places.get(key) ?? 0;
    if (taken >= this.placesFor(limited)) {
      this.#missed.add(key);
      return false;
    }
    this.#places.set(key, taken + 1);
    return true;
  }

  /** How many may work on a limited lane, or (`undefined`) on healthy ones, at once in this process. */
  placesFor(limited: string | undefined): number {
    return limited === undefined ? batchesMax : 1;
  }

  /** How many work on healthy lanes now: they share the permits evenly, or the later would get only crumbs. */
  get healthyPlaces(): number {
    return this.#places.get('') ?? 0;
  }

  leave(limited: string | undefined): void {
    const key = limited ?? '';
    const taken = (this.#places.get(key) ?? 1) - 1;
    if (taken === 0) this.#places.delete(key);
    else this.#places.set(key, taken);
  }

  /** Whether a bell found no place since the last time: then it is for whoever has just left one. */
  missedAny(limited: string | undefined): boolean {
    return this.#missed.delete(limited ?? '');
  }

  /** How many more of a limited lane may be `sending`, when so many are answered. */
  room(lane: string, at: { atOnce: number | undefined; answered: number }): number {
    const sending = (this.#sending.get(lane) ?? 0) - at.answered;
    return Math.max(0, (at.atOnce ?? crawlingMax) - sending);
  }

  begin(lane: string, deliveries: number): void {
    const sending = (this.#sending.get(lane) ?? 0) + deliveries;
    if (sending === 0) this.#sending.delete(lane);
    else this.#sending.set(lane, sending);
  }

  end(lane: string, deliveries: number): void {
    this.begin(lane, -deliveries);
  }

  /** A mail of the lane was accepted: whatever it had against us is over. */
  accepted(lane: string): void {
    if (this.#inARow.size === 0) return;
    for (const kind of kinds) this.#inARow.delete(`${kind} ${lane}`);
  }

  /** Another answer of this kind in a row; true when it is one too many, and the count begins anew. */
  tooMany(kind: InARow, lane: string): boolean {
    const key = `${kind} ${lane}`;
    const n = (this.#inARow.get(key) ?? 0) + 1;
    if (this.#inARow.size >= countsKept) this.#inARow.clear();
    this.#inARow.set(key, n);
    if (n < inARowMax[kind]) return false;
    this.#inARow.delete(key);
    return true;
  }
}
