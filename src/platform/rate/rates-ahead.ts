import type { Rate } from '../../lib/rate.ts';
import { sum } from '../../lib/sum.ts';
import type { Db } from '../db/database.ts';
import type { Relay } from '../mail/relay.ts';
import { type Drawn, type Limits, strictest, windowsRoom, withStretch } from './drawn.ts';
import { relayScopes, type Scope } from './relay-scopes.ts';

/** What relays take from an instant on, if nothing else changes. */
export interface Stretch {
  /** 0 = nothing for now; infinite = no rate per second. */
  perSecond: number;
  /** How many in all, at the most; infinite = no rate per minute, hour or day. */
  mails: number;
  /** Until when this holds, in milliseconds since 1970; infinite = for good. */
  untilMs: number;
}

const dayMs = 86_400_000;
/** What is left of a mail after adding up fractions is none. */
const hair = 1e-6;

/**
 * The rates of relays played forward: what was drawn so far, what leaves the windows as time passes, each day of a warm-up.
 * The same rules as the ledger's, so that a forecast is what the pacing will do. Touches no database.
 */
export class RatesAhead {
  #relays: readonly Relay[];
  #overall: readonly Rate[];
  #drawn: Map<string, Drawn>;

  constructor(relays: readonly Relay[], overall: readonly Rate[], drawn: ReadonlyMap<string, Drawn>) {
    this.#relays = relays;
    this.#overall = overall;
    this.#drawn = new Map(drawn);
  }

  /** Until one of the relays has nothing left, at the latest: then the others take what it took. */
  at(nowMs: number): Stretch {
    const overall = this.#look(this.#overallScope, nowMs);
    const own = this.#relays.map((relay) => this.#look(this.#relayScope(relay, nowMs), nowMs));
    const open = quickest(own.filter((one) => one.mails > 0));
    const perSecond = sum(open.map((one) => one.perSecond));
    const mails = Number.isFinite(perSecond)
      ? Math.min(...open.map((one) => (one.mails * perSecond) / one.perSecond))
      : sum(open.map((one) => one.mails));
    return {
      perSecond: Math.min(overall.perSecond, perSecond),
      mails: Math.min(overall.mails, open.length > 0 ? mails : 0),
      untilMs: Math.min(overall.untilMs, ...own.map((one) => one.untilMs), this.#nextWarmUpDay(nowMs)),
    };
  }

  /** Counts so many, that began evenly from one instant to another, each relay as fast as it takes them. */
  take(mails: number, stretch: { fromMs: number; toMs: number }): void {
    this.#count(this.#overallScope, mails, stretch);
    const scopes = this.#relays.map((relay) => this.#relayScope(relay, stretch.fromMs));
    const open = quickest(
      scopes.map((scope) => ({ scope, ...this.#look(scope, stretch.fromMs) })).filter((one) => one.mails > 0),
    );
    const perSecond = sum(open.map((one) => one.perSecond));
    let left = mails;
    for (const one of open) {
      const share = Number.isFinite(perSecond)
        ? (mails * one.perSecond) / perSecond
        : Math.min(left, one.mails);
      this.#count(one.scope, share, stretch);
      left -= share;
    }
  }

  get #overallScope(): Scope {
    return { scope: 'all', rates: this.#overall };
  }

  #relayScope(relay: Relay, atMs: number): Scope {
    const own = relayScopes(relay, [], new Date(atMs));
    return own[0] ?? { scope: `relay:${relay.name}`, rates: [] };
  }

  #look({ scope, rates }: Scope, nowMs: number): Stretch {
    const limits = strictest(rates);
    const { room, nextAtMs } = windowsRoom(this.#drawn.get(scope) ?? {}, limits, nowMs);
    if (room < hair) return { perSecond: 0, mails: 0, untilMs: nextAtMs };
    const { second = Number.POSITIVE_INFINITY } = limits;
    return { perSecond: second, mails: room, untilMs: Number.POSITIVE_INFINITY };
  }

  #count({ scope, rates }: Scope, mails: number, stretch: { fromMs: number; toMs: number }): void {
    const limits: Limits = strictest(rates);
    this.#drawn.set(scope, withStretch(this.#drawn.get(scope) ?? {}, limits, mails, stretch));
  }

  /** In UTC, as a warm-up counts them. */
  #nextWarmUpDay(nowMs: number): number {
    const isWarming = this.#relays.some(
      (relay) => relay.warmUp && relayScopes({ ...relay, rates: [] }, [], new Date(nowMs)).length > 0,
    );
    return isWarming ? (Math.floor(nowMs / dayMs) + 1) * dayMs : Number.POSITIVE_INFINITY;
  }
}

/** What was drawn so far by each account of these relays, and of all together. */
export async function readDrawn(
  db: Db,
  relays: readonly Relay[],
  overall: readonly Rate[],
  now: Date,
): Promise<Map<string, Drawn>> {
  const scopes = new Set(
    relays.flatMap((relay) => relayScopes(relay, overall, now)).map(({ scope }) => scope),
  );
  if (scopes.size === 0) return new Map();
  const rows = await db
    .selectFrom('rates')
    .select(['scope', 'drawn'])
    .where('scope', 'in', [...scopes])
    .execute();
  return new Map(rows.map(({ scope, drawn }) => [scope, drawn as Drawn]));
}

/** Those without a rate per second have taken all that they may before the others have begun. */
function quickest<R extends Pick<Stretch, 'perSecond'>>(relays: readonly R[]): readonly R[] {
  const instant = relays.filter((one) => one.perSecond === Number.POSITIVE_INFINITY);
  return instant.length > 0 ? instant : relays;
}
