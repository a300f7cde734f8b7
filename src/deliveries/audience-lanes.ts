import { sql } from 'kysely';
import type { Edition } from '../editions/edition.ts';
import type { Db } from '../platform/db/database.ts';
import type { LaneState } from '../platform/db/tables.ts';
import { isMeant } from './audience.ts';
import { otherLane, wellKnownDomains } from './lane-names.ts';
import type { HourKey } from './reader-hour.ts';

/** The readers that an edition would go to in one lane, and what holds the lane back at present. */
export interface AudienceLane {
  lane: string;
  readers: number;
  /** The same readers by when they want it. */
  hours: (HourKey & { readers: number })[];
  state: LaneState;
  /** Limits over all workers: an operator's, or what trouble has left. */
  connections: number | undefined;
  perSecond: number | undefined;
  backOffUntil: Date | undefined;
  reason: string | undefined;
}

/** A domain with fewer readers, or a smaller share of the audience, has no lane of its own. */
const ownLaneReadersMin = 50;
const ownLaneShareMin = 0.01;

const known = [...wellKnownDomains];

interface Row {
  lane: string;
  hours: AudienceLane['hours'];
  state: LaneState | null;
  connections: number | null;
  per_second: number | null;
  back_off_until: Date | null;
  reason: string | null;
}

/**
 * Whom the edition would go to if it started now, by lane, the largest first: the lane of a domain everyone knows, else that
 * of its MX as last looked up, else the domain's own if it is a large one; and by zone and hour, as the fan-out asks for them.
 * Reads the whole audience once, as the count before a send does.
 */
export async function audienceLanes(
  db: Db,
  edition: Pick<Edition, 'kind' | 'slotDate' | 'newsletterId'>,
  now: Date,
): Promise<AudienceLane[]> {
  const { rows } = await sql<Row>`
    with groups as materialized (
      select split_part(s.email_key, '@', 2) as domain, ${zone(edition)} as zone, coalesce(sc.hour, -1) as hour, count(*) as n
      from subscriptions sc join subscribers s on s.id = sc.subscriber_id
      where sc.newsletter_id = ${edition.newsletterId} and sc.state = 'active' and ${isMeant(edition, now)}
      group by 1, 2, 3
    ), domains as (
      select domain, sum(n) as n from groups group by 1
    ), lane_of as (
      select d.domain, coalesce(known.lane, looked.lane,
        case when d.n >= greatest(${ownLaneReadersMin}, ${ownLaneShareMin} * (select sum(n) from domains))
          then d.domain else ${otherLane} end) as lane
      from domains d
      left join unnest(${known.map(([domain]) => domain)}::text[], ${known.map(([, lane]) => lane)}::text[])
        as known (domain, lane) on known.domain = d.domain
      left join mail_domains looked on looked.domain = d.domain
    ), by_hour as (
      select o.lane, g.zone, g.hour, sum(g.n)::bigint as readers
      from groups g join lane_of o on o.domain = g.domain group by 1, 2, 3
    ), by_lane as (
      select lane, sum(readers) as readers,
        json_agg(json_build_object('zone', zone, 'hour', hour, 'readers', readers) order by zone, hour) as hours
      from by_hour group by 1
    )
    select b.lane, b.hours, l.state, least(l.connections, l.probe) as connections, l.rate_per_second as per_second,
      l.back_off_until, l.reason
    from by_lane b left join lanes l on l.lane = b.lane order by b.readers desc, b.lane`.execute(db);
  return rows.map((row) => ({
    lane: row.lane,
    readers: row.hours.reduce((sum, one) => sum + one.readers, 0),
    hours: row.hours,
    state: row.state ?? 'open',
    connections: row.connections ?? undefined,
    perSecond: row.per_second ?? undefined,
    backOffUntil: row.back_off_until ?? undefined,
    reason: row.reason ?? undefined,
  }));
}

/** Where they live tells nothing of who takes a regular edition as soon as it is ready. */
function zone({ kind }: Pick<Edition, 'kind'>) {
  const livesIn = sql`coalesce(s.time_zone, '')`;
  return kind === 'weekly' ? livesIn : sql`case when sc.hour is null then '' else ${livesIn} end`;
}
