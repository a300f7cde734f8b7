/**
 * How many may begin per second, by a smoothing clock (the generic cell rate algorithm of ITU-T I.371): each grant puts the
 * clock on by the time that it is worth, and the clock may be ahead of the time by a quarter of a second. So no stretch of
 * `t` seconds holds more than `count × (t + 0.25)`, or the one more that a rate below 4/s needs, and a long one holds
 * `count × t` to the grant. Everything here is in milliseconds since 1970, and pure.
 */
export interface SecondRate {
  count: number;
  /** How far the clock has been put on; undefined = nothing was ever granted. */
  clockMs: number | undefined;
}

const aheadMsUsually = 250;
const debtMsMax = 1_000;
/** A number that counts milliseconds since 1970 is exact to 0.00025, and sums of such come out a hair too small. */
const hairMs = 1e-3;

/** How many may begin now. */
export function secondRoom(rate: SecondRate, nowMs: number): number {
  const { eachMs, aheadMs } = lengths(rate);
  return Math.max(0, Math.floor((nowMs + aheadMs - clock(rate, nowMs) + hairMs) / eachMs));
}

/** The clock when so many have been granted. What is granted beyond the room is owed, for no longer than a second. */
export function secondGranted(rate: SecondRate, granted: number, nowMs: number): number {
  return Math.min(latest(rate, nowMs), clock(rate, nowMs) + granted * lengths(rate).eachMs);
}

/**
 * The clock when so many, granted at a time, were not needed. Time that has passed unused is gone: only what they still hold
 * ahead comes back, or others would begin twice in it.
 */
export function secondReturned(
  rate: SecondRate,
  returned: { count: number; atMs: number },
  nowMs: number,
): number {
  const worthMs = returned.count * lengths(rate).eachMs;
  return clock(rate, nowMs) - Math.min(worthMs, Math.max(0, returned.atMs + worthMs - nowMs));
}

/** When so many, or half of what can be had at once if that is less, may begin. */
export function secondNextAt(rate: SecondRate, wanted: number, nowMs: number): number {
  const { eachMs, aheadMs } = lengths(rate);
  const count = Math.max(1, Math.min(wanted, Math.floor(aheadMs / eachMs / 2)));
  return Math.max(nowMs, clock(rate, nowMs) + count * eachMs - aheadMs);
}

function lengths({ count }: SecondRate): { eachMs: number; aheadMs: number } {
  const eachMs = 1_000 / count;
  return { eachMs, aheadMs: Math.max(aheadMsUsually, eachMs) };
}

/** A clock further ahead than anything granted can have put it belongs to another rate, or to a time that was set back. */
function clock(rate: SecondRate, nowMs: number): number {
  const { clockMs = nowMs } = rate;
  return clockMs > latest(rate, nowMs) ? nowMs : Math.max(clockMs, nowMs);
}

function latest(rate: SecondRate, nowMs: number): number {
  const { eachMs, aheadMs } = lengths(rate);
  return nowMs + aheadMs + Math.max(debtMsMax, eachMs);
}
