import type { Db } from '../platform/db/database.ts';
import type { LaneState } from '../platform/db/tables.ts';

/** A lane that is not simply open. */
export interface LaneSeen {
  lane: string;
  state: LaneState;
  connections: number | undefined;
  ratePerSecond: number | undefined;
  /** It rests until then, and is then tried with so many connections. */
  backOffUntil: Date | undefined;
  probe: number | undefined;
  reason: string | undefined;
  lastAnswer: string | undefined;
  changedBy: string | undefined;
  changedAt: Date;
}

/** The lanes with a limit, a pause or trouble, by name; of domains that share one, those that stand out. */
export async function listLanes(db: Db): Promise<LaneSeen[]> {
  const rows = await db.selectFrom('lanes').selectAll().orderBy('lane').limit(1_000).execute();
  return rows.map((row) => ({
    lane: row.lane,
    state: row.state,
    connections: row.connections ?? undefined,
    ratePerSecond: row.rate_per_second ?? undefined,
    backOffUntil: row.back_off_until ?? undefined,
    probe: row.probe ?? undefined,
    reason: row.reason ?? undefined,
    lastAnswer: row.last_answer ?? undefined,
    changedBy: row.changed_by ?? undefined,
    changedAt: row.changed_at,
  }));
}

export function outsideLane(lane: LaneSeen) {
  return {
    lane: lane.lane,
    state: lane.state,
    connections: lane.connections ?? null,
    rate_per_second: lane.ratePerSecond ?? null,
    back_off_until: lane.backOffUntil?.toISOString() ?? null,
    probe: lane.probe ?? null,
    reason: lane.reason ?? null,
    last_answer: lane.lastAnswer ?? null,
    changed_by: lane.changedBy ?? null,
    changed_at: lane.changedAt.toISOString(),
  };
}
