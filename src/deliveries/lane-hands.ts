import { networkFailuresMax } from './lane-policy.ts';

/** At most so many batches of one lane are worked on in a process at once: while one is claimed the other is on the wire. */
const batchesPerLaneMax = 2;
const lanesKept = 10_000;

interface LaneInHand {
  batches: number;
  /** Deliveries that are `sending`, over the lane's batches here. */
  sending: number;
}

/** What this process has in hand, lane by lane, so that none of them takes what the others need. */
export class LaneHands {
  #inHand = new Map<string, LaneInHand>();
  /** Answers in a row that were about the way to a provider. */
  #failures = new Map<string, number>();

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

  /** A provider answered about a message: the way to it is open. */
  answered(lane: string): void {
    this.#failures.delete(lane);
  }

  /** Another failure on the way to a provider; true when it is one too many. */
  failedTooOften(lane: string): boolean {
    const failures = (this.#failures.get(lane) ?? 0) + 1;
    if (this.#failures.size >= lanesKept) this.#failures.clear();
    this.#failures.set(lane, failures);
    if (failures < networkFailuresMax) return false;
    this.#failures.delete(lane);
    return true;
  }
}
