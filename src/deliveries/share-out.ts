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

/**
 * After how many seconds each lane is through, when all of them share one speed evenly, each up to its own limit, and what one
 * leaves is the others'. `undefined`: never (paused), or nobody can say (no limit anywhere). Pure.
 */
export function shareOut(lanes: readonly LaneLoad[], perSecond: number): (number | undefined)[] {
  const left = lanes.map((lane) => lane.mails);
  const later = lanes.map((lane) => [...lane.later]);
  const through = lanes.map((lane): number | undefined =>
    lane.mails === 0 && lane.later.length === 0 ? 0 : undefined,
  );
  let at = 0;
  for (;;) {
    for (const [i, waves] of later.entries()) {
      for (; waves[0] && waves[0].inSeconds <= at; waves.shift()) left[i] = (left[i] ?? 0) + waves[0].mails;
    }
    const waiting = lanes.filter((lane, i) => (left[i] ?? 0) > 0 && lane.startsInSeconds > at);
    const rates = fairRates(
      lanes.map((lane, i) => ((left[i] ?? 0) > 0 && lane.startsInSeconds <= at ? lane.perSecondMax : 0)),
      perSecond,
    );
    const ends = rates.map((rate, i) =>
      Number.isFinite(rate) && rate > 0 ? (left[i] ?? 0) / rate : Infinity,
    );
    const nextDue = later.flatMap(([wave]) => (wave ? [wave.inSeconds - at] : []));
    const step = Math.min(...ends, ...nextDue, ...waiting.map((lane) => lane.startsInSeconds - at));
    if (!Number.isFinite(step)) return through;
    at += step;
    for (const [i, rate] of rates.entries()) {
      if (!Number.isFinite(rate) || rate === 0) continue;
      const isDone = (ends[i] ?? Infinity) <= step;
      left[i] = isDone ? 0 : (left[i] ?? 0) - rate * step;
      if (isDone && later[i]?.length === 0) through[i] = at;
    }
  }
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
