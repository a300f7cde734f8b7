import type { Context } from '../context.ts';
import { maskAddresses } from '../lib/mask.ts';
import { drawGrant } from '../platform/rate/draw-grant.ts';
import { drawAllowance } from './allowance.ts';
import type { Lease } from './claim.ts';
import type { Pace } from './lane.ts';
import { pauseByItself } from './pause-send.ts';

/** How many deliveries of a batch may begin: the relays and the lane have their rates, and perhaps a person allowed only a few. */
export class LaneTurns {
  #ctx: Context;
  #lease: Lease;
  /** When the lane's rate lets the next one begin. */
  #laneTurnAt: Date | undefined;

  constructor(ctx: Context, lease: Lease) {
    this.#ctx = ctx;
    this.#lease = lease;
  }

  /**
   * Draws up to so many turns; what is not used of them goes back to the pool (`giveBack`) and, where `drawn`, to the send's
   * allowance. When somebody cannot be asked it is none: nothing begins, and what came in is written down all the same.
   *
   * `usedUp`: a person's allowance is empty; the send has paused and waits for them.
   */
  async draw(
    wanted: number,
    { pace, rationed }: { pace: Pace; rationed: boolean },
  ): Promise<{ turns: number; drawn: boolean; usedUp: boolean }> {
    const pool = this.#ctx.mail.editions;
    const reserved = await pool.reserve(wanted);
    let turns = 0;
    try {
      turns = await this.#ofLane(reserved, pace);
      if (!rationed || turns === 0) return { turns, drawn: false, usedUp: false };
      turns = await drawAllowance(this.#ctx.db, this.#lease.editionId, turns);
      if (turns === 0) await this.#pause();
      return { turns, drawn: true, usedUp: turns === 0 };
    } catch (error) {
      turns = 0;
      const reason = maskAddresses(String(error));
      this.#ctx.log.warn({ deed: 'deliver', lane: this.#lease.lane, reason }, 'nothing begins for now');
      return { turns, drawn: false, usedUp: false };
    } finally {
      pool.giveBack(reserved - turns);
    }
  }

  /** How long until the relays' and the lane's rates let another begin. */
  nextInMs(): number {
    const laneMs = this.#laneTurnAt ? this.#laneTurnAt.getTime() - this.#ctx.clock.now().getTime() : 0;
    return Math.max(0, laneMs, this.#ctx.mail.editions.nextTurnInMs());
  }

  /** What the lane's own rate leaves; only the worker that keeps it asks. */
  async #ofLane(wanted: number, { ratePerSecond }: Pace): Promise<number> {
    if (ratePerSecond === undefined || wanted === 0) return wanted;
    const { db, clock } = this.#ctx;
    const rates = [{ count: ratePerSecond, per: 'second' as const }];
    const { granted, nextAt } = await drawGrant(db, `lane:${this.#lease.lane}`, rates, wanted, clock.now());
    this.#laneTurnAt = granted < wanted ? nextAt : undefined;
    return granted;
  }

  #pause(): Promise<unknown> {
    const reason = 'as many as you allowed have gone out: look at them and decide';
    return pauseByItself(this.#ctx, this.#lease.editionId, reason);
  }
}
