/**
 * How many may begin in any minute, hour or day. The time is cut into short pieces, each with its count; a window is all of
 * the pieces that it touches, the oldest in full. So no window ever holds more than the limit, and a lasting stream is at
 * most one piece per window below it (1.7 %, for a day 1.1 %). Pure; instants are milliseconds since 1970.
 */
export interface WindowRate {
  count: number;
  per: 'minute' | 'hour' | 'day';
  pieces: readonly Piece[];
}

/** The number of a piece of time, counted since 1970, and how many were granted in it. */
export type Piece = readonly [at: number, granted: number];

const cuts = {
  minute: { pieces: 60, pieceMs: 1_000 },
  hour: { pieces: 60, pieceMs: 60_000 },
  day: { pieces: 96, pieceMs: 15 * 60_000 },
} as const;

/** How many may begin now. */
export function windowRoom(rate: WindowRate, nowMs: number): number {
  return Math.max(0, Math.floor(rate.count) - sum(touched(rate, nowMs)));
}

/** The pieces that still matter, with so many more (or, below zero, fewer) granted at that time. */
export function windowGranted(rate: WindowRate, granted: number, atMs: number, nowMs: number): Piece[] {
  const at = Math.floor(atMs / cuts[rate.per].pieceMs);
  const pieces = new Map(touched(rate, nowMs));
  pieces.set(at, Math.max(0, (pieces.get(at) ?? 0) + granted));
  return [...pieces].filter(([, n]) => n > 0).sort(([a], [b]) => a - b);
}

/** The same with so many granted evenly from one instant to another. */
export function windowStretched(
  rate: WindowRate,
  granted: number,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Piece[] {
  const { pieces: kept, pieceMs } = cuts[rate.per];
  const pieces = new Map(touched(rate, toMs));
  const last = Math.floor(toMs / pieceMs);
  for (let at = Math.max(Math.floor(fromMs / pieceMs), last - kept); at <= last; at += 1) {
    const insideMs = Math.min(toMs, (at + 1) * pieceMs) - Math.max(fromMs, at * pieceMs);
    const share = toMs > fromMs ? insideMs / (toMs - fromMs) : 1;
    if (share > 0) pieces.set(at, (pieces.get(at) ?? 0) + granted * share);
  }
  return [...pieces].sort(([a], [b]) => a - b);
}

/** When one may begin: as soon as enough of the oldest pieces have left the window. */
export function windowNextAt(rate: WindowRate, nowMs: number): number {
  const { pieces, pieceMs } = cuts[rate.per];
  const inside = touched(rate, nowMs);
  let over = sum(inside) - Math.floor(rate.count) + 1;
  if (over <= 0) return nowMs;
  for (const [at, granted] of inside) {
    over -= granted;
    if (over <= 0) return (at + pieces + 1) * pieceMs;
  }
  throw new RangeError(`a rate per ${rate.per} is at least 1, not ${rate.count}`);
}

/** A piece more than a window ahead of the time is from before a clock was set back: it says nothing. */
function touched({ per, pieces: granted }: WindowRate, nowMs: number): Piece[] {
  const { pieces, pieceMs } = cuts[per];
  const current = Math.floor(nowMs / pieceMs);
  return granted.filter(([at]) => at >= current - pieces && at <= current + pieces);
}

function sum(pieces: readonly Piece[]): number {
  return pieces.reduce((total, [, granted]) => total + granted, 0);
}
