import type { LaneState } from '../platform/db/tables.ts';

/** What stands between a lane's deliveries and the relays at this moment. A lane without a row has nothing. */
export interface Pace {
  state: LaneState;
  /** Nothing begins before this. */
  backOffUntil: Date | undefined;
  /** Deliveries under way at once over all workers: the operator's limit, and after trouble the probe's. */
  atOnce: number | undefined;
  /** After trouble: how many connections have been given back so far. */
  probe: number | undefined;
  ratePerSecond: number | undefined;
}

export interface LaneRow {
  state: LaneState | null;
  back_off_until: Date | null;
  connections: number | null;
  probe: number | null;
  rate_per_second: number | null;
}

export const freePace: Pace = {
  state: 'open',
  backOffUntil: undefined,
  atOnce: undefined,
  probe: undefined,
  ratePerSecond: undefined,
};

export function toPace(row: LaneRow): Pace {
  const limits = [row.connections, row.probe].filter((limit) => limit !== null);
  return {
    state: row.state ?? 'open',
    backOffUntil: row.back_off_until ?? undefined,
    atOnce: limits.length > 0 ? Math.min(...limits) : undefined,
    probe: row.probe ?? undefined,
    ratePerSecond: row.rate_per_second ?? undefined,
  };
}

/** Whether anything of the lane may begin. */
export function isOpenLane(pace: Pace, now: Date): boolean {
  return pace.state !== 'paused' && (pace.backOffUntil === undefined || pace.backOffUntil <= now);
}

/** Whether one worker must keep the lane's limit for all. */
export function needsDriver(pace: Pace): boolean {
  return pace.atOnce !== undefined || pace.ratePerSecond !== undefined;
}

/** Whose trouble an answer is: the lane's; of the readers who share one, only their own domain's. */
export function troubledLane(lane: string, domain: string, shared: string): string {
  return lane === shared ? domain : lane;
}
