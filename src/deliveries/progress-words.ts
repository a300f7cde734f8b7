import { table } from '../shell.ts';
import type { LaneBooks } from './counts.ts';
import { addsUp, countedStates, isOpen } from './delivery.ts';
import { otherLanes } from './outside.ts';
import type { Progress } from './progress.ts';
import { wordsOfRate } from './rate-words.ts';
import { reasonWords } from './reasons.ts';

export const noWorker =
  'No worker is running: it waits until one is started (`dateline start` or `dateline worker`).';

const barChars = 20;

/** `[##########----------]  50 %  accepted 500 + … + queued 500 = 1000 · 120/s · 4 s to 6 s left`. Pure. */
export function progressLine(seen: Progress, now: Date): string {
  return [`${bar(seen)}  ${sum(seen)}`, `${Math.round(seen.ratePerSecond)}/s`, timeLeft(seen, now)].join(
    ' · ',
  );
}

/** The whole of it in some lines: how far, the counts as a sum, what it takes, and a table of the lanes. Pure. */
export function progressLines(seen: Progress, now: Date): string[] {
  const { send, counts, ratePerSecond, averagePerSecond } = seen;
  return [
    `snd_${send.editionId} · ${send.name} · ${send.state}${send.pauseReason ? ` · ${send.pauseReason}` : ''}`,
    `${bar(seen)}  ${ratePerSecond.toFixed(1)}/s now, ${averagePerSecond.toFixed(1)}/s on average · ${timeLeft(seen, now)}`,
    `${sum(seen)} planned`,
    paceWords(seen, now),
    ...(addsUp(counts) ? [] : ['The counts do not add up: run `dateline send verify`.']),
    ...(send.state === 'sending' && seen.workers === 0 ? [noWorker] : []),
    ...(seen.lanes.length > 0 ? ['', ...laneTable(seen.lanes, now)] : []),
  ];
}

/** The lanes with their books and what holds each back, the first row being the heading. Pure. */
export function laneTable(lanes: readonly LaneBooks[], now: Date): string[] {
  return table([
    ['LANE', ...countedStates.map((state) => state.toUpperCase()), 'RATE', 'STATE', 'WAITS', 'LAST ANSWER'],
    ...lanes.map((lane) => [
      laneName(lane),
      ...countedStates.map((state) => lane.counts[state]),
      `${lane.ratePerSecond.toFixed(1)}/s${lane.limitPerSecond === undefined ? '' : ` of ${lane.limitPerSecond}`}`,
      laneState(lane),
      lane.backOffUntil && lane.backOffUntil > now ? span(lane.backOffUntil, now) : '',
      lane.lastAnswer ?? '',
    ]),
  ]);
}

/** A lane by its name; the row that stands for several says how many. Pure. */
export function laneName({ lane, lanes }: Pick<LaneBooks, 'lane' | 'lanes'>): string {
  return lane ?? `${otherLanes} (${lanes})`;
}

/** What an operator said of a lane, or the trouble it is in, with the reason in words. Pure. */
export function laneState({ state, reason }: Pick<LaneBooks, 'state' | 'reason'>): string {
  return reason === undefined ? state : `${state}: ${reasonWords(reason)}`;
}

/** How long until an instant, or since it: `42 s`, `7 min`, `3 h`. Pure. */
export function span(at: Date, now: Date): string {
  const seconds = Math.ceil(Math.abs(at.getTime() - now.getTime()) / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`;
}

/** What is left in time, as a range; or why nobody can say. Pure. */
export function timeLeft(seen: Progress, now: Date): string {
  const { eta } = seen;
  if (!eta) return standWords(seen, now);
  return `${leftUntil(eta.low, now)} to ${leftUntil(eta.high, now)} left`;
}

/** The share of the planned that nothing more will happen to, from 0 to 1. Pure. */
export function shareDone({ counts }: Pick<Progress, 'counts'>): number {
  const done = counts.planned - counts.queued - counts.deferred;
  return counts.planned === 0 ? 0 : done / counts.planned;
}

/** Who is at it and what limits them: in flight, workers, the oldest in the queue, since when, the relays' rate. Pure. */
export function paceWords(seen: Progress, now: Date): string {
  const { send, counts, inFlight, workers, oldestQueuedAt, lastHourAt, limitPerSecond } = seen;
  return [
    `in flight ${inFlight}`,
    workers === 1 ? 'one worker' : `${workers} workers`,
    ...(oldestQueuedAt ? [`the oldest waits for ${span(oldestQueuedAt, now)}`] : []),
    ...(lastHourAt ? [`readers’ own hours go on for ${span(lastHourAt, now)}`] : []),
    ...(isOpen(counts) ? [relayWords(limitPerSecond)] : []),
    ...(send.startedAt ? [`started ${send.startedAt.toISOString()}, ${elapsedWords(seen)}`] : []),
  ].join(' · ');
}

/** Relays without rates, or whose rates have room for all that is left, are all one to whoever waits. */
function relayWords(perSecond: number | undefined): string {
  return perSecond === undefined
    ? 'the relays take the rest at once'
    : `the relays take ${wordsOfRate(perSecond)}`;
}

function elapsedWords({ send, elapsedSeconds }: Progress): string {
  const took = span(new Date(elapsedSeconds * 1000), new Date(0));
  return send.finishedAt ? `took ${took}` : `${took} ago`;
}

function bar(seen: Progress): string {
  const share = shareDone(seen);
  const filled = Math.floor(share * barChars);
  return `[${'#'.repeat(filled)}${'-'.repeat(barChars - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

function sum({ counts }: Progress): string {
  return `${countedStates.map((state) => `${state} ${counts[state]}`).join(' + ')} = ${counts.planned}`;
}

function standWords({ send, workers, counts }: Progress, now: Date): string {
  if (send.state === 'starting' && send.holdUntil && send.holdUntil > now) {
    return `starts in ${span(send.holdUntil, now)}`;
  }
  if (send.state === 'paused') return `paused: ${send.pauseReason ?? ''}`;
  if (send.state === 'sending' && workers === 0) return 'no worker is running';
  return send.state === 'sent' && isOpen(counts) ? 'retrying' : send.state;
}

function leftUntil(at: Date, now: Date): string {
  return at > now ? span(at, now) : '0 s';
}
