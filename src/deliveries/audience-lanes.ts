import { sql } from 'kysely';
import type { Edition } from '../editions/edition.ts';
import type { Db } from '../platform/db/database.ts';
import type { LaneState } from '../platform/db/tables.ts';
import { isMeant } from './audience.ts';
import { otherLane, wellKnownDomains } from './lane-names.ts';

/** The readers that an edition would go to in one lane, and what holds the lane back at present. */
export interface AudienceLane {
  lane: string;
  readers: number;
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
  readers: number;
  state: LaneState | null;
  connections: number | null;
  per_second: number | null;
  back_off_until: Date | null;
  reason: string | null;
}

/**
 * Whom the edition would go to if it started now, by lane, the largest first: the lane of a domain everyone knows, else that
 * of its MX as last looked up, else the domain's own if it is a large one. Reads the whole audience
 * once, as the count before a send does.
 */
export async function audienceLanes(
  db: Db,
  edition: Pick<Edition, 'kind' | 'slotDate' | 'newsletterId'>,
  now: Date,
): Promise<AudienceLane[]> {
  const { rows } = await sql<Row>`
    with domains as materialized (
      select split_part(s.email_key, '@', 2) as domain, count(*) as n
      from subscriptions sc join subscribers s on s.id = sc.subscriber_id
      where sc.newsletter_id = ${edition.newsletterId} and sc.state = 'active' and ${isMeant(edition, now)}
      group by 1
    ), by_lane as (
      select coalesce(known.lane, looked.lane,
        case when d.n >= greatest(${ownLaneReadersMin}, ${ownLaneShareMin} * (select sum(n) from domains))
          then d.domain else ${otherLane} end) as lane, sum(d.n)::bigint as readers
      from domains d
      left join unnest(${known.map(([domain]) => domain)}::text[], ${known.map(([, lane]) => lane)}::text[])
        as known (domain, lane) on known.domain = d.domain
      left join mail_domains looked on looked.domain = d.domain
      group by 1
    )
    select b.lane, b.readers, l.state, least(l.connections, l.probe) as connections, l.rate_per_second as per_second,
      l.back_off_until, l.reason
    from by_lane b left join lanes l on l.lane = b.lane order by b.readers desc, b.lane`.execute(db);
  return rows.map((row) => ({
    lane: row.lane,
    readers: row.readers,
    state: row.state ?? 'open',
    connections: row.connections ?? undefined,
    perSecond: row.per_second ?? undefined,
    backOffUntil: row.back_off_until ?? undefined,
    reason: row.reason ?? undefined,
  }));
}
