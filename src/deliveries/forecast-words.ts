import type { AudienceLane } from './audience-lanes.ts';
import type { LaterReaders } from './later-readers.ts';
import { wordsOfRate } from './rate-words.ts';
import { reasonWords } from './reasons.ts';

/** What a lane by itself waits for, in words; `undefined`: nothing of its own. Pure. */
export function wordsOfLane(lane: AudienceLane, startsAt: Date): string | undefined {
  const { state, perSecond, connections, backOffUntil, reason } = lane;
  const why = reason === undefined ? '' : ` (${reasonWords(reason)})`;
  if (state === 'paused') return `${lane.lane} is paused${why}`;
  if (perSecond !== undefined) return `${lane.lane} is limited to ${perSecond}/s${why}`;
  if (backOffUntil && backOffUntil > startsAt)
    return `${lane.lane} waits until ${backOffUntil.toISOString()}${why}`;
  if (connections === undefined) return undefined;
  return `${lane.lane} has ${connections === 1 ? 'one connection' : `${connections} connections`}${why}`;
}

/** What all lanes together wait for, in words. Pure. */
export function wordsOfTotal(relays: number | undefined, measured: number | undefined): string {
  if (relays !== undefined && relays <= (measured ?? Infinity)) {
    return `the relays take ${wordsOfRate(relays)} by their rates`;
  }
  if (measured !== undefined) return `our own speed: ${measured.toFixed(1)}/s as measured`;
  return 'nothing was sent yet, so no speed is known; `dateline send rehearse` shows how fast this machine writes';
}

/** That the readers themselves want it later, in words. Pure. */
export function wordsOfHours({ hour }: LaterReaders): string {
  return `readers’ own hours: the last is ${hour}`;
}
