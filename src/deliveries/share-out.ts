import { sum } from '../lib/sum.ts';

/** A lane as the forecast sees it: how many, from when on, and how fast at the most. */
export interface LaneLoad {
  /** Due from the start. */
  mails: number;
  /** Due only then, the first of them first. */
  later: readonly { mails: number; inSeconds: number }[];
  startsInSeconds: number;
  /** 0 = paused; infinite = no limit of its own. */
  perSecondMax: number;
}

/** How fast all lanes together may go. Times are seconds from the start. */
export interface Speed {
  /** From then on: how many per second, how many in all, and until when this holds. Each may be infinite. */
  at(seconds: number): { perSecond: number; mails: number; untilSeconds: number };
  /** Notes that so many went out evenly between two times. */
  take(mails: number, stretch: { from: number; to: number }): void;
}

/** A speed that never changes. */
export function steady(perSecond: number): Speed {
  return {
    at: () => ({ perSecond, mails: Infinity, untilSeconds: Infinity }),
    take: () => undefined,
  };
}

/** Limits per minute cut a long send into many stretches; after so many it goes on as it went on average. */
const stretchesMax = 5_000;

/**
 * After how many seconds each lane is through, when all of them share one speed evenly, each up to its own limit, and what one
 * leaves is the others'. `undefined`: never (paused), or nobody can say (no limit anywhere). Pure, but for what the speed is
 * told.
 */
export function shareOut(loads: readonly LaneLoad[], speed: Speed): (number | undefined)[] {
  const lanes = loads.map((load) => ({
    ...load,
    later: [...load.later],
    through: load.mails + load.later.length === 0 ? 0 : undefined,
  }));
  const ends = () => lanes.map((lane) => lane.through);
  let pace = speed;
  let at = 0;
  let taken = 0;
  for (let stretches = 0; lanes.some(canEnd); stretches += 1) {
    if (stretches === stretchesMax) {
      if (taken === 0) return ends();
      pace = steady(taken / at);
    }
    for (const lane of lanes) {
      for (; lane.later[0] && lane.later[0].inSeconds <= at; lane.later.shift())
        lane.mails += lane.later[0].mails;
    }
    const { perSecond, mails, untilSeconds } = pace.at(at);
    const wanted = lanes.map((lane) =>
      lane.mails > 0 && lane.startsInSeconds <= at ? lane.perSecondMax : 0,
    );
    const rates = fairRates(wanted, mails > 0 ? perSecond : 0);
    const total = sum(rates);
    const isAtOnce = total === Infinity && mails !== Infinity;
    const step = isAtOnce
      ? 0
      : Math.min(
          untilSeconds - at,
          total > 0 && total !== Infinity ? mails / total : Infinity,
          ...lanes.map((lane, i) => secondsToChange(lane, rates[i] ?? 0, at)),
        );
    if (step === Infinity) return ends();
    const gone = isAtOnce
      ? fairRates(
          lanes.map((lane, i) => (rates[i] === Infinity ? lane.mails : 0)),
          mails,
        )
      : rates.map((rate) => (rate === Infinity ? 0 : rate * step));
    pace.take(sum(gone), { from: at, to: at + step });
    taken += sum(gone);
    at += step;
    for (const [i, lane] of lanes.entries()) {
      lane.mails -= gone[i] ?? 0;
      if (lane.mails > hair) continue;
      lane.mails = 0;
      if (lane.later.length === 0) lane.through ??= at;
    }
  }
  return ends();
}

/** What fractions leave of a mail. */
const hair = 1e-6;

function canEnd(lane: LaneLoad & { through: number | undefined }): boolean {
  return lane.through === undefined && lane.perSecondMax > 0;
}

/** Until the lane is through with those who are due, or more are, or it starts. */
function secondsToChange(lane: LaneLoad, rate: number, at: number): number {
  const [next] = lane.later;
  return Math.min(
    rate > 0 && rate !== Infinity ? lane.mails / rate : Infinity,
    next ? next.inSeconds - at : Infinity,
    lane.mails > 0 && lane.startsInSeconds > at ? lane.startsInSeconds - at : Infinity,
  );
}

/** Max-min fair: whoever wants less than an even share gets what it wants, the others share what is left. */
function fairRates(wanted: readonly number[], total: number): number[] {
  const rates = wanted.map(() => 0);
  const order = wanted
    .map((max, index) => ({ max, index }))
    .filter(({ max }) => max > 0)
    .sort((a, b) => a.max - b.max);
  let free = total;
  for (const [done, { max, index }] of order.entries()) {
    const rate = Math.min(max, free / (order.length - done));
    rates[index] = rate;
    if (Number.isFinite(rate)) free -= rate;
  }
  return rates;
}
