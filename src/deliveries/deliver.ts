import type { Context } from '../context.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { endBatch, freeBatches, type Leased, laneOfBatch, leaseBatch, leaseNext } from './batches.ts';
import { finish } from './finish.ts';
import { batchName, factsOf, type Hands, handsOf } from './hands.ts';
import { isOpenLane, needsDriver } from './lane.ts';
import { leaveLane, paceOf, takeLane } from './lane-queries.ts';
import { pauseByItself } from './pause-send.ts';
import { ring } from './ring.ts';
import { relaysAwayMsMax, sendBatch, type Tally } from './send-batch.ts';

export type Delivered =
  /** The batch is through. `lost`: another worker took it over meanwhile, believing this one dead. */
  | { kind: 'done' | 'freed' | 'lost'; tally: Tally }
  /** Done, held by another, not due, or its edition is not sending: nothing was done. */
  | { kind: 'not_to_be_had' }
  /** This process has its hands full with the lane, and comes to the batch in turn. */
  | { kind: 'in_turn' }
  /** The lane rests, is paused, or another worker keeps its limit. */
  | { kind: 'lane_closed' };

/** A batch that could not be finished is due again after this: at once for others, later when no relay answers. */
const againAfterMs = { usually: 1_000, relaysAway: 60_000 };
/** A lane keeps a hand for so long at a time, so that others get theirs. */
const turnMsMax = 15_000;

/**
 * Delivers the batch that a bell names, and then whatever else of its lane is free and due: each is leased, sent window by
 * window (`sendBatch`), and ended. A lane has two hands of a process at most, so one in trouble never holds up another. Safe
 * to ring twice, on one process or several: one holds a batch's lease, and each delivery is claimed by an update of its own.
 *
 * @returns what came of the batch that was named.
 * @throws Error when the database was away for minutes; the lease is then freed by `rescue`.
 */
export async function deliver(ctx: Context, batch: Payload<'deliver'>): Promise<Delivered> {
  const { workerId } = ctx;
  if (workerId === undefined)
    throw new Error('deliveries need a registered worker: leases are held under it');
  const hands = handsOf(ctx);
  if (hands.stopping) return { kind: 'not_to_be_had' };
  const lane = await laneOfBatch(ctx.db, batch);
  if (lane === undefined) return { kind: 'not_to_be_had' };
  if (!hands.lanes.enter(lane)) return { kind: 'in_turn' };
  try {
    return await new Turn(ctx, { lane, workerId, hands }).take(batch);
  } finally {
    hands.lanes.leave(lane);
  }
}

/** One lane's turn at one hand. */
class Turn {
  #ctx: Context;
  #lane: string;
  #workerId: number;
  #hands: Hands;
  #endsAtMs = performance.now() + turnMsMax;

  constructor(ctx: Context, at: { lane: string; workerId: number; hands: Hands }) {
    this.#ctx = ctx;
    this.#lane = at.lane;
    this.#workerId = at.workerId;
    this.#hands = at.hands;
  }

  async take(batch: Payload<'deliver'>): Promise<Delivered> {
    const { db, clock } = this.#ctx;
    if (!(await this.#mayGo())) return { kind: 'lane_closed' };
    const named = await leaseBatch(db, { ...batch, workerId: this.#workerId }, clock.now());
    const delivered: Delivered = named ? await this.#deliver(named) : { kind: 'not_to_be_had' };
    let last = delivered;
    // Whoever lost a lease is taken for dead, and begins nothing before its heart has beaten again.
    while (last.kind !== 'lost' && this.#hasTime() && (await this.#mayGo())) {
      const next = await leaseNext(db, { lane: this.#lane, workerId: this.#workerId }, clock.now());
      if (!next) return delivered;
      last = await this.#deliver(next);
    }
    await this.#passOn();
    return delivered;
  }

  #hasTime(): boolean {
    return performance.now() < this.#endsAtMs && !this.#hands.stopping && this.#hands.relays.awayMs() === 0;
  }

  /** Whether the lane is open, and, when it has a limit, whether it is this worker that keeps it. */
  async #mayGo(): Promise<boolean> {
    const { db, clock } = this.#ctx;
    const now = clock.now();
    const pace = await paceOf(db, this.#lane);
    if (!isOpenLane(pace, now)) {
      const untilMs = pace.backOffUntil ? pace.backOffUntil.getTime() - now.getTime() : 0;
      if (pace.state !== 'paused' && untilMs > 0) await this.#ringFree(untilMs, pace.backOffUntil);
      return false;
    }
    return !needsDriver(pace) || (await takeLane(db, this.#lane, this.#workerId, now));
  }

  /** The turn is over and there may be more: another hand, here or elsewhere, takes the next. */
  async #passOn(): Promise<void> {
    await leaveLane(this.#ctx.db, this.#lane, this.#workerId);
    if (this.#hands.relays.awayMs() === 0) await this.#ringFree(0);
  }

  async #ringFree(delayMs: number, asOf = this.#ctx.clock.now()): Promise<void> {
    const free = await freeBatches(this.#ctx.db, { lane: this.#lane, now: asOf, limit: 1 });
    await ring(this.#ctx, 'deliver', free, { delayMs });
  }

  async #deliver({ editionId, batchNo, subscriberIds }: Leased): Promise<Delivered> {
    const ctx = this.#ctx;
    const name = batchName(editionId, batchNo);
    if (this.#hands.batches.has(name)) return { kind: 'not_to_be_had' };
    this.#hands.batches.add(name);
    try {
      const { newsletterId } = await factsOf(ctx, editionId);
      const lease = { editionId, batchNo, lane: this.#lane, newsletterId, workerId: this.#workerId };
      const tally = await sendBatch(ctx, lease, subscriberIds, this.#endsAtMs);
      const now = ctx.clock.now();
      const awayMs = this.#hands.relays.awayMs();
      if (awayMs > relaysAwayMsMax) {
        const minutes = Math.round(awayMs / 60_000);
        await pauseByItself(ctx, editionId, `no relay could be reached for ${minutes} minutes`);
      }
      const away = awayMs > 0;
      const delayMs = away ? againAfterMs.relaysAway : againAfterMs.usually;
      const kind = await endBatch(ctx.db, lease, now, new Date(now.getTime() + delayMs));
      const { dueAgainAt, ...counts } = tally;
      ctx.log.info(
        { deed: 'deliver', editionId, batchNo, lane: this.#lane, ended: kind, ...counts },
        'delivered',
      );
      await finish(ctx, editionId);
      if (kind === 'freed') await ring(ctx, 'deliver', [{ editionId, batchNo }], { delayMs });
      if (dueAgainAt) {
        await ring(ctx, 'retry', [{ editionId }], { delayMs: dueAgainAt.getTime() - now.getTime() });
      }
      return { kind, tally };
    } finally {
      this.#hands.batches.delete(name);
    }
  }
}
