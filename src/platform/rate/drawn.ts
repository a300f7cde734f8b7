import type { Rate } from '../../lib/rate.ts';
import { type SecondRate, secondGranted, secondNextAt, secondReturned, secondRoom } from './second.ts';
import {
  type Piece,
  type WindowRate,
  windowGranted,
  windowNextAt,
  windowRoom,
  windowStretched,
} from './window.ts';

/** What was granted in one scope, as far as its rates still ask. Instants are milliseconds since 1970. */
export interface Drawn {
  /** The smoothing clock of a rate per second. */
  second?: number | undefined;
  minute?: readonly Piece[] | undefined;
  hour?: readonly Piece[] | undefined;
  day?: readonly Piece[] | undefined;
}

/** For each length of time the lowest rate. */
export type Limits = { [per in Rate['per']]?: number };

const windows = ['minute', 'hour', 'day'] as const;

/** Several rates per the same time come to the lowest. */
export function strictest(rates: readonly Rate[]): Limits {
  const limits: Limits = {};
  for (const { count, per } of rates) limits[per] = Math.min(count, limits[per] ?? count);
  return limits;
}

/** How many of so many may begin now, by all of the limits; and when it pays to ask again. */
export function lookUp(
  drawn: Drawn,
  limits: Limits,
  wanted: number,
  nowMs: number,
): { granted: number; nextAtMs: number } {
  const rooms = windowRates(drawn, limits).map((rate) => windowRoom(rate, nowMs));
  const second = secondRate(drawn, limits);
  if (second) rooms.push(secondRoom(second, nowMs));
  const granted = Math.min(wanted, ...rooms);
  if (granted === wanted) return { granted, nextAtMs: nowMs };
  const after = withGranted(drawn, limits, granted, nowMs);
  const waits = windowRates(after, limits).map((rate) => windowNextAt(rate, nowMs));
  const secondAfter = secondRate(after, limits);
  if (secondAfter) waits.push(secondNextAt(secondAfter, wanted - granted, nowMs));
  return { granted, nextAtMs: Math.max(...waits) };
}

/** What the limits per minute, hour and day leave, whatever a second allows, and when they leave more. */
export function windowsRoom(drawn: Drawn, limits: Limits, nowMs: number): { room: number; nextAtMs: number } {
  const rates = windowRates(drawn, limits);
  return {
    room: Math.min(Number.POSITIVE_INFINITY, ...rates.map((rate) => windowRoom(rate, nowMs))),
    nextAtMs: Math.max(nowMs, ...rates.map((rate) => windowNextAt(rate, nowMs))),
  };
}

/** The same with so many more granted evenly from one instant to another, whatever a second allows. */
export function withStretch(
  drawn: Drawn,
  limits: Limits,
  granted: number,
  stretch: { fromMs: number; toMs: number },
): Drawn {
  return change(drawn, limits, {
    second: drawn.second,
    pieces: (rate) => windowStretched(rate, granted, stretch),
  });
}

/** The same with so many more granted, within the limits or not. */
export function withGranted(drawn: Drawn, limits: Limits, granted: number, nowMs: number): Drawn {
  const second = secondRate(drawn, limits);
  return change(drawn, limits, {
    second: second && secondGranted(second, granted, nowMs),
    pieces: (rate) => windowGranted(rate, granted, nowMs, nowMs),
  });
}

/** The same without so many of what was granted at a time. */
export function withReturned(
  drawn: Drawn,
  limits: Limits,
  returned: { count: number; atMs: number },
  nowMs: number,
): Drawn {
  const second = secondRate(drawn, limits);
  return change(drawn, limits, {
    second: second && secondReturned(second, returned, nowMs),
    pieces: (rate) => windowGranted(rate, -returned.count, returned.atMs, nowMs),
  });
}

function change(
  drawn: Drawn,
  limits: Limits,
  to: { second: number | undefined; pieces: (rate: WindowRate) => Piece[] },
): Drawn {
  const changed: Drawn = to.second === undefined ? {} : { second: to.second };
  for (const rate of windowRates(drawn, limits)) changed[rate.per] = to.pieces(rate);
  return changed;
}

function secondRate({ second: clockMs }: Drawn, { second: count }: Limits): SecondRate | undefined {
  return count === undefined ? undefined : { count, clockMs };
}

function windowRates(drawn: Drawn, limits: Limits): WindowRate[] {
  return windows.flatMap((per) => {
    const count = limits[per];
    return count === undefined ? [] : [{ count, per, pieces: drawn[per] ?? [] }];
  });
}
