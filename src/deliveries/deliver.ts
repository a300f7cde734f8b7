import type { Context } from '../context.ts';
import type { Payload } from '../platform/queue/jobs.ts';
import { endBatch, freeBatches, type Leased, laneOfBatch, leaseBatch, leaseNext } from './batches.ts';
import { farTurnMs } from './far-turn.ts';
import { finish } from './finish.ts';
import { batchName, factsOf, type Hands, handsOf } from './hands.ts';
import { freePace, isOpenLane, needsDriver } from './lane.ts';
import { leaveLane, paceOf, takeLane } from './lane-queries.ts';
import { pauseByItself } from './pause-send.ts';
import { ring } from './ring.ts';
import { sendBatch, type Tally } from './send-batch.ts';

export type Delivered =
  /** The batch is through. `lost`: another worker took it over meanwhile, believing this one dead. */
  | { kind: 'done' | 'freed' | 'lost'; tally: Tally }
  /** Done, held by another, not due, or its edition is not sending: nothing was done. */
  | { kind: 'not_to_be_had' }
  /** This process has its hands full, and comes to the batch in turn. */
  | { kind: 'in_turn' }
  /** The lane rests, is paused, or another worker keeps its limit; or the relays' rates leave nothing for long. */
  | { kind: 'lane_closed' };

/** A batch that was not finished is due again after this: soon for others, later when no relay answers, or at its turn. */
const againAfterMs = { usually: 1_000, relaysAway: 60_000 };
/** Whoever has a place keeps it for so long, so that others get theirs. */
const turnMsMax = 15_000;

/**
 * Delivers the batch that a bell names, and then what else is free and due: each is leased, sent window by window (`sendBatch`),
 * and ended. Healthy lanes share two places of a process; one with a limit or in trouble has a place of its own, so it never
 * holds up another. Safe to ring twice, on one process or several: one holds a batch's lease, and each delivery is claimed by
 * an update of its own. Whoever leaves a place after `turnMs` rings for others, and goes on itself when a bell found no place
 * meanwhile: so no bell is lost between two turns. A relay that takes minutes over a message keeps nobody from a place.
 *
 * @returns what came of the batch that was named, when all that was begun is written down.
 * @throws Error when the database was away for minutes; the lease is then freed by `rescue`.
 */
export async function deliver(
  ctx: Context,
  batch: Payload<'deliver'>,
  turnMs = turnMsMax,
): Promise<Delivered> {
  const { workerId } = ctx;
  if (workerId === undefined)
    throw new Error('deliveries need a registered worker: leases are held under it');
  const hands = handsOf(ctx);
  if (hands.stopping) return { kind: 'not_to_be_had' };
  const lane = await laneOfBatch(ctx.db, batch);
  if (lane === undefined) return { kind: 'not_to_be_had' };
  const limited = needsDriver(await paceOf(ctx.db, lane)) ? lane : undefined;
  const lingering = new Set<Promise<Delivered>>();
  let named: Begun | undefined;
  try {
    let goesOn: boolean;
    do {
      if (!hands.lanes.enter(limited)) break;
      const turn = new Turn(ctx, { limited, workerId, hands, turnMs, lingering });
      try {
        const begun = await turn.take(lane, batch);
        named ??= begun;
      } finally {
        hands.lanes.leave(limited);
      }
      // A bell that found no place here may have been the only one: whoever leaves a place hears it then.
      goesOn = turn.mayGoOn && hands.lanes.missedAny(limited);
    } while (goesOn);
  } finally {
    await Promise.allSettled(lingering);
  }
  await Promise.all(lingering);
  return named ? named.ended : { kind: 'in_turn' };
}

/** A batch that is through, or waits for its last answers alone. */
interface Begun {
  ended: Promise<Delivered>;
}

/** Some time at one place: for batches of healthy lanes, or of the limited one that it is for. */
class Turn {
  #ctx: Context;
  #limited: string | undefined;
  #workerId: number;
  #hands: Hands;
  #endsAtMs: number;
  #pace = freePace;
  #lost = false;
  #lingering: Set<Promise<Delivered>>;

  constructor(
    ctx: Context,
    at: {
      limited: string | undefined;
      workerId: number;
      hands: Hands;
      turnMs: number;
      lingering: Set<Promise<Delivered>>;
    },
  ) {
    this.#ctx = ctx;
    this.#limited = at.limited;
    this.#workerId = at.workerId;
    this.#hands = at.hands;
    this.#endsAtMs = performance.now() + at.turnMs;
    this.#lingering = at.lingering;
  }

  async take(lane: string, batch: Payload<'deliver'>): Promise<Begun> {
    const { db, clock } = this.#ctx;
    if (!(await this.#mayGo(lane))) return { ended: Promise.resolve({ kind: 'lane_closed' }) };
    const leased = await leaseBatch(db, { ...batch, workerId: this.#workerId }, clock.now());
    const named: Begun = leased
      ? await this.#begin(leased)
      : { ended: Promise.resolve({ kind: 'not_to_be_had' }) };
    while (this.mayGoOn && performance.now() < this.#endsAtMs && (await this.#mayGo(this.#limited))) {
      const next = await leaseNext(db, { lane: this.#limited, workerId: this.#workerId }, clock.now());
      if (!next) return named;
      await this.#begin(next);
    }
    await this.#passOn();
    return named;
  }

  /** Whether more may be begun. Whoever lost a lease is taken for dead, and begins nothing before its heart has beaten again. */
  get mayGoOn(): boolean {
    return !this.#lost && !this.#hands.stopping && this.#hands.relays.awayMs() === 0;
  }

  /** Whether the relays' rates and the lane let anything begin, and, when it has a limit, whether it is this worker that keeps it. */
  async #mayGo(lane: string | undefined): Promise<boolean> {
    const { db, clock } = this.#ctx;
    const now = clock.now();
    const turnInMs = farTurnMs(this.#ctx);
    if (turnInMs > 0) {
      await this.#ringFree(turnInMs);
      return false;
    }
    // Healthy lanes are chosen by the lease, and looked at again with every window.
    if (lane === undefined) return true;
    const pace = await paceOf(db, lane);
    this.#pace = pace;
    if (!isOpenLane(pace, now)) {
      const untilMs = pace.backOffUntil ? pace.backOffUntil.getTime() - now.getTime() : 0;
      if (pace.state !== 'paused' && untilMs > 0) await this.#ringFree(untilMs, pace.backOffUntil);
      return false;
    }
    return !needsDriver(pace) || (await takeLane(db, lane, this.#workerId, now));
  }

  /** The turn is over and there may be more: another place, here or elsewhere, takes the next. */
  async #passOn(): Promise<void> {
    if (this.#limited !== undefined) await leaveLane(this.#ctx.db, this.#limited, this.#workerId);
    if (this.#hands.relays.awayMs() === 0) await this.#ringFree(0);
  }

  async #ringFree(delayMs: number, asOf = this.#ctx.clock.now()): Promise<void> {
    const lane = this.#limited === undefined ? {} : { lane: this.#limited };
    const limit = this.#hands.lanes.placesFor(this.#limited);
    const free = await freeBatches(this.#ctx.db, { ...lane, now: asOf, limit });
    await ring(this.#ctx, 'deliver', free, { delayMs });
  }

  /** Until the batch is through, or only its last answers are missing. Who keeps a lane's limit counts those too, and waits. */
  async #begin(leased: Leased): Promise<Begun> {
    let linger = () => {};
    const lingers = new Promise<void>((resolve) => {
      linger = resolve;
    });
    const ended = this.#deliver(leased, this.#limited === undefined ? linger : () => {});
    await Promise.race([ended, lingers]);
    this.#lingering.add(ended);
    // What failed stays, for the job to fail by.
    ended.then(
      () => this.#lingering.delete(ended),
      () => {},
    );
    return { ended };
  }

  async #deliver(
    { editionId, batchNo, lane, subscriberIds }: Leased,
    onLinger: () => void,
  ): Promise<Delivered> {
    const ctx = this.#ctx;
    const name = batchName(editionId, batchNo);
    if (this.#hands.batches.has(name)) return { kind: 'not_to_be_had' };
    this.#hands.batches.add(name);
    try {
      const { newsletterId } = await factsOf(ctx, editionId);
      const lease = { editionId, batchNo, lane, newsletterId, workerId: this.#workerId };
      const beganAtMs = performance.now();
      const tally = await sendBatch(ctx, lease, subscriberIds, {
        pace: this.#pace,
        endsAtMs: this.#endsAtMs,
        onLinger,
      });
      const now = ctx.clock.now();
      const { relays } = this.#hands;
      const awayMs = relays.awayMs();
      if (relays.goneSince(beganAtMs)) {
        const minutes = Math.round(awayMs / 60_000);
        const reason = `no relay could be reached for ${minutes} minutes: ${relays.reason}`;
        await pauseByItself(ctx, editionId, reason);
      }
      const delayMs = awayMs > 0 ? againAfterMs.relaysAway : farTurnMs(ctx) || againAfterMs.usually;
      const { dueAgainAt, ...counts } = tally;
      const settled = counts.accepted + counts.deferred + counts.refused + counts.unknown;
      const allSettled = settled === subscriberIds.length;
      const kind = await endBatch(ctx.db, lease, now, new Date(now.getTime() + delayMs), { allSettled });
      if (kind === 'lost') this.#lost = true;
      ctx.log.info({ deed: 'deliver', editionId, batchNo, lane, ended: kind, ...counts }, 'delivered');
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
