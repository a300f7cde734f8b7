import { type InARow, inARowMax } from './lane-policy.ts';

/** At most so many batches of one lane are worked on in a process at once: while one is claimed the other is on the wire. */
const batchesPerLaneMax = 2;
const countsKept = 10_000;
const kinds = Object.keys(inARowMax) as InARow[];

interface LaneInHand {
  batches: number;
  /** Deliveries that are `sending`, over the lane's batches here. */
  sending: number;
}

/** What this process has in hand, lane by lane, so that none of them takes what the others need. */
export class LaneHands {
  #inHand = new Map<string, LaneInHand>();
  #inARow = new Map<string, number>();

  /** Takes a place for a batch of this lane; false when the lane has all it may have. */
  enter(lane: string): boolean {
    const here = this.#inHand.get(lane) ?? { batches: 0, sending: 0 };
    if (here.batches >= batchesPerLaneMax) return false;
    here.batches += 1;
    this.#inHand.set(lane, here);
    return true;
  }

  leave(lane: string): void {
    const here = this.#inHand.get(lane);
    if (!here) return;
    here.batches -= 1;
    if (here.batches === 0) this.#inHand.delete(lane);
  }

  /** How many more of this lane may be `sending`, when so many are answered: lanes at work share the permits evenly. */
  room(lane: string, at: { permits: number; atOnce: number | undefined; answered: number }): number {
    const share = Math.max(2, Math.ceil(at.permits / Math.max(1, this.#inHand.size)));
    const sending = (this.#inHand.get(lane)?.sending ?? 0) - at.answered;
    return Math.max(0, Math.min(share, at.atOnce ?? share) - sending);
  }

  begin(lane: string, deliveries: number): void {
    const here = this.#inHand.get(lane);
    if (here) here.sending += deliveries;
  }

  end(lane: string, deliveries: number): void {
    this.begin(lane, -deliveries);
  }

  /** A mail of the lane was accepted: whatever it had against us is over. */
  accepted(lane: string): void {
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
