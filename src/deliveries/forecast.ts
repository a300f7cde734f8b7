import type { Context } from '../context.ts';
import type { Edition } from '../editions/edition.ts';
import { Refusal } from '../lib/errors.ts';
import { livingWorkers } from '../platform/queue/workers.ts';
import { type AudienceLane, audienceLanes } from './audience-lanes.ts';
import { connectionsOf } from './hands.ts';
import { measuredSpeed } from './measured-speed.ts';
import { reasonWords } from './reasons.ts';
import { relayRatePerSecond } from './relay-rate.ts';
import { shareOut } from './share-out.ts';

export interface LaneForecast extends AudienceLane {
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
  /** What holds up the lane that is through last, in words. */
  bottleneck: string;
  workers: number;
  /** What the relays take by their rates, and what the program was measured at; `undefined` = no limit, no measurement. */
  relaysPerSecond: number | undefined;
  measuredPerSecond: number | undefined;
  lanes: LaneForecast[];
}

const notBegun: readonly Edition['state'][] = ['draft', 'ready', 'approved', 'scheduled', 'starting'];
/** A lane that takes almost as long as it would alone is held up by itself and not by the others. */
const aloneShareMin = 0.9;

/**
 * When an edition would be through in each lane if it started at its slot, at the limits that hold now, and what the bottleneck
 * is. A forecast and no promise: mailbox providers may slow us down, and retries come on top. `measuredPerSecond` replaces what
 * recent sends were measured at. Changes nothing.
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
  const relaysPerSecond = relayRatePerSecond(ctx.config.relays, {
    overall: ctx.config.smtpRates,
    mails: audience.reduce((sum, lane) => sum + lane.readers, 0),
    from: startsAt,
  });
  const connections = connectionsOf(ctx) * Math.max(1, workers);
  const perConnection = measuredPerSecond === undefined ? Infinity : measuredPerSecond / connections;
  const perSecond = Math.min(relaysPerSecond ?? Infinity, measuredPerSecond ?? Infinity);
  const loads = audience.map((lane) => ({
    mails: lane.readers,
    startsInSeconds: Math.max(0, ((lane.backOffUntil?.getTime() ?? 0) - startsAt.getTime()) / 1000),
    perSecondMax: laneMax(lane, perConnection),
  }));
  const totalWords = wordsOfTotal(relaysPerSecond, measuredPerSecond);
  const ends = shareOut(loads, perSecond);
  const lanes = audience.map((lane, i): LaneForecast => {
    const seconds = ends[i];
    const load = loads[i];
    const alone = load ? load.startsInSeconds + load.mails / load.perSecondMax : 0;
    const itself = seconds === undefined ? lane.state === 'paused' : alone >= seconds * aloneShareMin;
    return {
      ...lane,
      throughAt: seconds === undefined ? undefined : new Date(startsAt.getTime() + seconds * 1000),
      heldBy: itself ? (wordsOfLane(lane, startsAt) ?? totalWords) : totalWords,
    };
  });
  const last = slowest(lanes);
  return {
    editionId: edition.id,
    recipients: audience.reduce((sum, lane) => sum + lane.readers, 0),
    startsAt,
    throughAt: last?.throughAt,
    bottleneck: workers === 0 ? 'no worker is running' : (last?.heldBy ?? 'nobody would receive it'),
    workers,
    relaysPerSecond,
    measuredPerSecond,
    lanes,
  };
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

function wordsOfLane(lane: AudienceLane, startsAt: Date): string | undefined {
  const { state, perSecond, connections, backOffUntil, reason } = lane;
  const why = reason === undefined ? '' : ` (${reasonWords(reason)})`;
  if (state === 'paused') return `${lane.lane} is paused${why}`;
  if (perSecond !== undefined) return `${lane.lane} is limited to ${perSecond}/s${why}`;
  if (backOffUntil && backOffUntil > startsAt)
    return `${lane.lane} waits until ${backOffUntil.toISOString()}${why}`;
  if (connections === undefined) return undefined;
  return `${lane.lane} has ${connections === 1 ? 'one connection' : `${connections} connections`}${why}`;
}

function wordsOfTotal(relays: number | undefined, measured: number | undefined): string {
  if (relays !== undefined && relays <= (measured ?? Infinity)) {
    return `the relays take ${relays.toFixed(relays < 1 ? 3 : 1)}/s by their rates`;
  }
  if (measured !== undefined) return `our own speed: ${measured.toFixed(1)}/s as measured`;
  return 'nothing was sent yet, so no speed is known: `dateline send rehearse` measures it';
}
