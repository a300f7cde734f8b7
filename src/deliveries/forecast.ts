import type { Context } from '../context.ts';
import type { Edition } from '../editions/edition.ts';
import { Refusal } from '../lib/errors.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { livingWorkers } from '../platform/queue/workers.ts';
import { type AudienceLane, audienceLanes } from './audience-lanes.ts';
import { wordsOfHours, wordsOfLane, wordsOfTotal } from './forecast-words.ts';
import { connectionsOf } from './hands.ts';
import { type LaterReaders, laterReaders } from './later-readers.ts';
import { measuredSpeed } from './measured-speed.ts';
import { readRelayRates, relayRatePerSecond, relaySpeed } from './relay-speed.ts';
import { type LaneLoad, shareOut } from './share-out.ts';

export interface LaneForecast extends AudienceLane {
  /** Those who want it last; `undefined`: all are due at the start. */
  lastReaders: LaterReaders | undefined;
  /** `undefined`: never at the present limits, or nobody can say. */
  throughAt: Date | undefined;
  /** What it waits for most, in words. */
  heldBy: string;
}

export interface Forecast {
  editionId: number;
  recipients: number;
  /** The slot, or now when it has come. */
  startsAt: Date;
  throughAt: Date | undefined;
  /** Those of all its readers who want it last; `undefined`: all are due at the start. */
  lastReaders: LaterReaders | undefined;
  /** What holds up the lane that is through last, in words. */
  bottleneck: string;
  workers: number;
  /** What the relays take of it on average, and what the program was measured at; `undefined` = all at once, no measurement. */
  relaysPerSecond: number | undefined;
  measuredPerSecond: number | undefined;
  lanes: LaneForecast[];
}

const notBegun: readonly Edition['state'][] = ['draft', 'ready', 'approved', 'scheduled', 'starting'];
/** A lane that takes almost as long as it would alone is held up by itself and not by the others. */
const aloneShareMin = 0.9;

/**
 * When an edition would be through in each lane if it started at its slot, at the limits that hold now and at the hours that its
 * readers chose, and what the bottleneck is: readers' hours where all else would be done before the last of them. A forecast and
 * no promise: mailbox providers may slow us down, and retries come on top. `measuredPerSecond` replaces what recent sends were
 * measured at. Changes nothing.
 *
 * @throws Refusal 409 `wrong_state` once the edition is on its way: `send watch` knows better then.
 */
export async function forecast(
  ctx: Context,
  edition: Edition,
  over: { measuredPerSecond?: number } = {},
): Promise<Forecast> {
  if (!notBegun.includes(edition.state)) {
    throw new Refusal(
      409,
      'wrong_state',
      `The edition is ${edition.state}: a forecast is for one that has not begun. See \`dateline send show\`.`,
    );
  }
  const now = ctx.clock.now();
  const startsAt = edition.slotAt > now && edition.state !== 'starting' ? edition.slotAt : now;
  const audience = await audienceLanes(ctx.db, edition, now);
  const living = await livingWorkers(ctx.db, now);
  const workers = living.filter((worker) => worker.roles.includes('worker')).length;
  const measuredPerSecond = over.measuredPerSecond ?? (await measuredSpeed(ctx.db));
  const relayRates = await readRelayRates(ctx);
  const recipients = audience.reduce((sum, lane) => sum + lane.readers, 0);
  const relaysPerSecond = relayRatePerSecond(relayRates, { mails: recipients, from: startsAt });
  const connections = connectionsOf(ctx) * Math.max(1, workers);
  const perConnection = measuredPerSecond === undefined ? Infinity : measuredPerSecond / connections;
  const speed = () => relaySpeed(relayRates, startsAt, measuredPerSecond);
  const secondsUntil = (at: Date) => (at.getTime() - startsAt.getTime()) / 1000;
  const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
  const later = audience.map((lane) => laterReaders(lane.hours, { edition, newsletter, readyAt: startsAt }));
  const loads = audience.map((lane) => ({
    mails: lane.readers,
    later: [],
    startsInSeconds: lane.backOffUntil ? Math.max(0, secondsUntil(lane.backOffUntil)) : 0,
    perSecondMax: laneMax(lane, perConnection),
  }));
  const endsAtOnce = shareOut(loads, speed());
  const ends = shareOut(
    loads.map((load, i) => spread(load, later[i] ?? [], secondsUntil)),
    speed(),
  );
  const totalWords = wordsOfTotal(relaysPerSecond, measuredPerSecond);
  const lanes = audience.map((lane, i): LaneForecast => {
    const seconds = ends[i];
    const atOnce = endsAtOnce[i];
    const load = loads[i];
    const lastReaders = later[i]?.at(-1);
    const alone = load ? load.startsInSeconds + load.mails / load.perSecondMax : 0;
    const itself = atOnce === undefined ? lane.state === 'paused' : alone >= atOnce * aloneShareMin;
    const limitWords = itself ? (wordsOfLane(lane, startsAt) ?? totalWords) : totalWords;
    const hoursDecide = lastReaders && atOnce !== undefined && secondsUntil(lastReaders.dueAt) > atOnce;
    return {
      ...lane,
      lastReaders,
      throughAt: seconds === undefined ? undefined : new Date(startsAt.getTime() + seconds * 1000),
      heldBy: hoursDecide ? wordsOfHours(lastReaders) : limitWords,
    };
  });
  const last = slowest(lanes);
  return {
    editionId: edition.id,
    recipients,
    startsAt,
    throughAt: last?.throughAt,
    lastReaders: lastOf(later.flat()),
    bottleneck: workers === 0 ? 'no worker is running' : (last?.heldBy ?? 'nobody would receive it'),
    workers,
    relaysPerSecond,
    measuredPerSecond,
    lanes,
  };
}

/** The load of a lane, of which these readers are due only later. */
function spread(
  load: LaneLoad,
  later: readonly LaterReaders[],
  secondsUntil: (at: Date) => number,
): LaneLoad {
  return {
    ...load,
    mails: load.mails - later.reduce((sum, one) => sum + one.readers, 0),
    later: later.map((one) => ({ mails: one.readers, inSeconds: secondsUntil(one.dueAt) })),
  };
}

function lastOf(later: readonly LaterReaders[]): LaterReaders | undefined {
  return later.reduce<LaterReaders | undefined>(
    (last, one) => (last && last.dueAt >= one.dueAt ? last : one),
    undefined,
  );
}

function laneMax({ state, perSecond, connections }: AudienceLane, perConnection: number): number {
  if (state === 'paused') return 0;
  return Math.min(perSecond ?? Infinity, connections === undefined ? Infinity : connections * perConnection);
}

/** The lane that is through last; one that never is comes after all others. */
function slowest(lanes: readonly LaneForecast[]): LaneForecast | undefined {
  const rank = (lane: LaneForecast) => lane.throughAt?.getTime() ?? Infinity;
  return lanes.reduce<LaneForecast | undefined>(
    (last, lane) => (last === undefined || rank(lane) > rank(last) ? lane : last),
    undefined,
  );
}
