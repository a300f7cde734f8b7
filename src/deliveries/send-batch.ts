import type { Context } from '../context.ts';
import { returnAllowance } from './allowance.ts';
import type { Answer } from './answer.ts';
import type { Claimed, Lease, Window } from './claim.ts';
import { deliveringStates } from './delivery.ts';
import { exchange } from './exchange.ts';
import { farTurnMs } from './far-turn.ts';
import { handOver } from './hand-over.ts';
import { connectionsOf, factsOf, type Hands, handsOf } from './hands.ts';
import { isOpenLane, needsDriver, type Pace } from './lane.ts';
import { LaneTurns } from './lane-turns.ts';
import { type EditionFacts, type Sender, type Signed, signFor } from './personalise.ts';
import { setApart } from './set-apart.ts';

/** What came of a batch, as far as this process took it. */
export interface Tally {
  accepted: number;
  deferred: number;
  refused: number;
  unknown: number;
  /** Claimed and given back without having been begun. */
  queued: number;
  /** The earliest time at which one of the deferred is due again. */
  dueAgainAt: Date | undefined;
}

/** Answers wait so long for company before they are written down. */
const settleWithinMs = 100;
/** Edition and lease are looked at anew at least so often: a pause takes hold within it, however slow the relay is. */
const lookEveryMs = 1_000;
/** Last answers that take longer than this are waited for without keeping others from their batches. */
const lastAnswersMs = 1_000;
/** A timer may fire a little before its time. */
const timerEarlyMs = 1;

/**
 * Sends the deliveries of one leased batch, window by window.
 *
 * A window is what is `sending` at once. The process has a fixed number of permits, two per connection: a claim takes one for
 * each delivery, its settlement gives it back. As soon as one window's worth of answers is there (one per connection, or
 * after 100 ms), a single statement settles them and claims as many again, while the other half keeps the connections busy.
 * So the wire does not wait for the database, and at any moment at most two deliveries per connection are in doubt.
 *
 * When nothing more is begun and the last answers take longer than a second, `turn.onLinger` is told: a relay may take minutes
 * over one message, which is no reason for others to wait.
 *
 * Ends when the batch is through and every answer is written down; or earlier, when the edition is paused or cancelled, the
 * lease is lost, the lane closes, its turn (`turn.endsAtMs`, on the process's own clock) or the process ends, no relay could be
 * reached for ten minutes, or the relays' rates leave nothing for long. What was not begun is `queued` then. A delivery is
 * claimed only when a relay has leave to begin it: none is `sending` while it waits for its turn.
 *
 * @throws Error when answers could not be written down for five minutes.
 */
export async function sendBatch(
  ctx: Context,
  lease: Lease,
  subscriberIds: readonly number[],
  turn: { pace: Pace; endsAtMs: number; onLinger: () => void },
): Promise<Tally> {
  const facts = await factsOf(ctx, lease.editionId);
  return new Round(ctx, lease, { ...turn, facts, subscriberIds }).run();
}

class Round {
  #ctx: Context;
  #hands: Hands;
  #lease: Lease;
  #facts: EditionFacts;
  #sender: Sender;
  #windowSize: number;
  #turns: LaneTurns;
  /** Not claimed yet. */
  #waiting: number[];
  /** Claimed, and its answer not here yet. */
  #flying = 0;
  /** Not written down yet. */
  #answers: Answer[] = [];
  /** What stands between the lane and the relays, as far as we know. */
  #pace: Pace;
  /** A person allowed so many more, and each is drawn from that. */
  #rationed = false;
  /** Readers of the shared lane whose own domain is in trouble. */
  #apart = new Set<number>();
  #beganAtMs = performance.now();
  #endsAtMs: number;
  #onLinger: () => void;
  /** Since when it waits for its last answers alone. */
  #lastSinceMs: number | undefined;
  /** The edition is sending and the batch is ours, as far as we know. */
  #open = true;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Until then no turn is to be had: to take permits for one and give them back wakes the other batches, and they us. */
  #noTurnUntilMs = 0;
  #abandoned = false;
  #wake = () => {};
  #tally: Tally = { accepted: 0, deferred: 0, refused: 0, unknown: 0, queued: 0, dueAgainAt: undefined };

  constructor(
    ctx: Context,
    lease: Lease,
    what: {
      facts: EditionFacts;
      subscriberIds: readonly number[];
      pace: Pace;
      endsAtMs: number;
      onLinger: () => void;
    },
  ) {
    const { facts, subscriberIds, pace, endsAtMs, onLinger } = what;
    this.#ctx = ctx;
    this.#hands = handsOf(ctx);
    this.#lease = lease;
    this.#facts = facts;
    this.#pace = pace;
    this.#endsAtMs = endsAtMs;
    this.#onLinger = onLinger;
    this.#sender = { ...ctx.config, keyring: ctx.keyring };
    this.#windowSize = connectionsOf(ctx);
    this.#waiting = [...subscriberIds];
    this.#turns = new LaneTurns(ctx, lease);
  }

  async run(): Promise<Tally> {
    try {
      for (;;) {
        await this.#turn();
        if (this.#isOver() && this.#flying + this.#answers.length === 0) break;
        this.#lingerIfLate();
        await this.#untilThereIsMore();
      }
      if (this.#apart.size > 0) await setApart(this.#ctx, this.#lease, [...this.#apart]);
      return this.#tally;
    } catch (error) {
      this.#abandoned = true;
      this.#giveBack(this.#answers.splice(0).length);
      throw error;
    }
  }

  /** Settles what has come in and claims what there is room for. */
  async #turn(): Promise<void> {
    const answered = this.#answers.splice(0);
    const room = performance.now() < this.#noTurnUntilMs ? 0 : this.#room(answered.length);
    const wanted = Math.min(this.#waiting.length, room);
    const held = answered.length + this.#take(wanted - answered.length);
    const may = Math.max(0, Math.min(wanted, held));
    const { turns, drawn, usedUp } = await this.#turns.draw(may, {
      pace: this.#pace,
      rationed: this.#rationed,
    });
    if (usedUp) this.#open = false;
    if (turns < may) this.#noTurnUntilMs = performance.now() + this.#turns.nextInMs() - timerEarlyMs;
    const next = this.#waiting.splice(0, turns);
    const stale = performance.now() - this.#lookedAtMs >= lookEveryMs;
    if (answered.length === 0 && next.length === 0 && !stale) return this.#giveBack(held);
    let claimed: Claimed[] = [];
    try {
      const window = await exchange(this.#ctx, this.#lease, answered, next, drawn);
      this.#lookedAtMs = performance.now();
      this.#heed(window);
      const nobody = !this.#open || (window.rationed && !drawn);
      if (nobody) this.#waiting.unshift(...next);
      this.#note(answered, window.settled);
      claimed = window.claimed;
      if (drawn) await returnAllowance(this.#ctx.db, this.#lease.editionId, next.length - claimed.length);
    } finally {
      this.#giveBack(held - claimed.length);
      this.#ctx.mail.editions.giveBack(turns - claimed.length);
    }
    this.#flying += claimed.length;
    const signed = signFor(claimed, this.#facts, this.#sender);
    for (const [nth, one] of claimed.entries()) void this.#send(one, signed[nth] as Signed);
  }

  /** Takes up to so many permits for the lane. */
  #take(wanted: number): number {
    const taken = this.#hands.permits.take(wanted);
    this.#hands.lanes.begin(this.#lease.lane, taken);
    return taken;
  }

  #giveBack(permits: number): void {
    this.#hands.lanes.end(this.#lease.lane, permits);
    this.#hands.permits.release(permits);
  }

  /** What the books say of the edition, the lease and the lane at this moment. */
  #heed(window: Window): void {
    const delivering = deliveringStates.some((state) => state === window.editionState);
    this.#pace = window.pace;
    this.#rationed = window.rationed;
    this.#open =
      window.leased && delivering && !window.keptByOther && isOpenLane(window.pace, this.#ctx.clock.now());
    for (const id of window.setApart) this.#apart.add(id);
  }

  /**
   * How many more may be begun at this moment, when so many answers have come in. While no relay answers, one at a time is
   * tried.
   */
  #room(answered = 0): number {
    const { relays, stopping, lanes, permits } = this.#hands;
    if (!this.#open || stopping || relays.waitMs() > 0 || performance.now() > this.#endsAtMs) return 0;
    if (relays.awayMs() > 0) return this.#flying === 0 ? 1 : 0;
    if (!needsDriver(this.#pace)) {
      const share = Math.ceil(permits.max / Math.max(1, lanes.healthyPlaces));
      return Math.max(0, share - this.#flying - this.#answers.length);
    }
    return lanes.room(this.#lease.lane, { atOnce: this.#pace.atOnce, answered });
  }

  #note(answered: readonly Answer[], settled: ReadonlySet<number>): void {
    for (const { settlement } of answered) {
      const { subscriberId, state, dueAt } = settlement;
      if (!settled.has(subscriberId)) continue;
      this.#tally[state] += 1;
      if (state === 'queued') this.#waiting.push(subscriberId);
      const { dueAgainAt } = this.#tally;
      if (dueAt && (!dueAgainAt || dueAt < dueAgainAt)) this.#tally.dueAgainAt = dueAt;
    }
  }

  /** Whether nothing more is begun. */
  #isOver(): boolean {
    const { relays, stopping } = this.#hands;
    if (this.#waiting.length === 0 || !this.#open || stopping || performance.now() > this.#endsAtMs)
      return true;
    return relays.goneSince(this.#beganAtMs) || farTurnMs(this.#ctx) > 0;
  }

  #lingerIfLate(): void {
    const now = performance.now();
    this.#lastSinceMs = this.#isOver() ? (this.#lastSinceMs ?? now) : undefined;
    if (this.#lastSinceMs === undefined || now - this.#lastSinceMs < lastAnswersMs) return;
    // What comes back unbegun is for whoever leases the rest: our place is somebody else's now.
    this.#endsAtMs = Math.min(this.#endsAtMs, now);
    this.#onLinger();
  }

  /** Until a window's worth of answers is here, or few have waited long enough, or permits and turns are free, or it is time to look. */
  async #untilThereIsMore(): Promise<void> {
    if (this.#enough()) return;
    const mayClaim = this.#waiting.length > 0 && this.#room() > 0 && this.#hands.permits.free > 0;
    const turnInMs = mayClaim ? this.#turns.nextInMs() : lookEveryMs;
    if (turnInMs === 0) return;
    const waitMs = Math.min(turnInMs, this.#answers.length > 0 ? settleWithinMs : lookEveryMs);
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, waitMs);
      if (this.#waiting.length > 0) this.#hands.permits.onceFreed(resolve);
    });
    clearTimeout(timer);
  }

  #enough(): boolean {
    return this.#answers.length >= this.#windowSize || (this.#answers.length > 0 && this.#flying === 0);
  }

  async #send(claimed: Claimed, signed: Signed): Promise<void> {
    const answer = await handOver(this.#ctx, { claimed, signed }, this.#facts, () => this.#open);
    this.#flying -= 1;
    if (this.#abandoned) return this.#giveBack(1);
    this.#answers.push(answer);
    if (this.#enough()) this.#wake();
    else if (this.#answers.length === 1) setTimeout(() => this.#wake(), settleWithinMs);
  }
}
