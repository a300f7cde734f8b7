import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { preparedOnce } from '../platform/db/prepared.ts';
import type { EditionState, LaneState } from '../platform/db/tables.ts';
import { notMailed } from '../subscribers/may-mail.ts';
import { deliveringStates, notBegun, soon } from './delivery.ts';
import { freePace, type Pace, toPace } from './lane.ts';
import { otherLane } from './lane-names.ts';
import { bucketOf, moveBooks, shardOf } from './move-books.ts';

/** The batch whose lease a window is claimed under. */
export interface Lease {
  editionId: number;
  batchNo: number;
  /** The lane of all its deliveries. */
  lane: string;
  newsletterId: number;
  workerId: number;
}

/** One delivery that is now `sending`, ours alone, with what its mail needs. */
export interface Claimed {
  subscriberId: number;
  /** Which claim of this delivery it is; its answer must carry it. */
  claim: number;
  attempts: number;
  variantId: number;
  email: string;
  confirmedAt: Date;
}

/** What became of a claimed delivery. `queued`: it was never begun and goes back, as if it had not been claimed. */
export interface Settlement {
  subscriberId: number;
  claim: number;
  state: 'accepted' | 'deferred' | 'refused' | 'unknown' | 'queued';
  /** Never null for `deferred`, `refused` and `unknown`: they are found by it. */
  class: string | null;
  smtpCode: number | null;
  status: string | null;
  textMasked: string | null;
  /** For `deferred`; never later than the delivery's deadline. */
  dueAt: Date | null;
  /** Whether a try was used up. */
  burnt: boolean;
}

export interface Window {
  editionState: EditionState | undefined;
  /** Whether the batch is still leased to this worker. */
  leased: boolean;
  /** Which of the settlements were written; the others' rows were no longer `sending` under that claim. */
  settled: Set<number>;
  claimed: Claimed[];
  /** What stands between the lane and the relays. */
  pace: Pace;
  /** Whether a person allowed this send only so many more: they are drawn (`drawAllowance`) before they are claimed. */
  rationed: boolean;
  /** Whether the lane has a limit that another worker keeps. */
  keptByOther: boolean;
  /** Readers of the shared lane whose own domain has trouble or a limit: left as they are. */
  setApart: number[];
}

/**
 * Settles the last window of a batch and claims the next, in one statement: the two always travel together, so
 * `sending` is never on more rows than are in this process's hands, and a killed process leaves only those in doubt.
 *
 * Its parts, in the order in which the rows flow:
 * - `lease` finds our lease and holds the batch's row until the statement ends: `rescue`, which takes leases from the dead,
 *   waits for it, and so never overlooks a row that we are just making `sending`.
 * - `gate` is the state of the edition and of the lane at this moment. When the edition is not `sending`, or the lane is
 *   closed or its limit is kept by another worker, nothing is claimed, and a pause takes hold.
 * - `settled` writes each answer that we bring to the row that is still `sending` under our worker and claim number. A row
 *   that someone else has moved since keeps what it has: believe only what comes back.
 * - `wanted` asks about each delivery of the next window whether it still may go, in this order: within its deadline, not
 *   erased, subscription active, not paused, not suppressed. This is where someone who left a second ago is left out.
 *   In the shared lane, readers whose own domain is in trouble are set apart and stay as they are.
 * - `claimed` makes them `sending`, or `skipped` and `refused` with the reason, and counts the claim. The condition
 *   `state = 'queued'` is checked again on the row itself, so of two workers one gets it.
 * - `booked` moves the books by exactly the rows that moved, in our shard.
 *
 * It is written for a plan that is made once and without statistics, which a new edition does not have. Joining rows to our
 * arrays would compare each with each, and without their names the whole edition would be read (14 ms against 0.5 at 10,000
 * readers). So rows are named by `any`, an answer is found by its place in the sorted names (`width_bucket`), and a wanted row
 * is found again by its `ctid`. What comes back is one row of JSON, which costs Node a fifth of as many typed rows.
 *
 * `drawn` says that the caller has drawn these from the send's allowance, if it has one.
 *
 * At most once: whoever runs it twice with the same claims settles nothing the second time.
 */
export async function settleAndClaim(
  db: Db,
  lease: Lease,
  settlements: readonly Settlement[],
  nextIds: readonly number[],
  now: Date,
  drawn = false,
): Promise<Window> {
  const sorted = settlements.toSorted((one, other) => one.subscriberId - other.subscriberId);
  const outcomes = new Outcomes();
  const { rows } = await statement(db, {
    ...lease,
    shard: shardOf(lease.workerId),
    nextIds,
    now,
    dueBy: soon(now),
    bucket: bucketOf(now),
    drawn,
    subscriberIds: sorted.map((one) => one.subscriberId),
    claims: sorted.map((one) => one.claim),
    kinds: sorted.map((one) => outcomes.placeOf(one)),
    states: outcomes.column((one) => one.state),
    classes: outcomes.column((one) => one.class),
    codes: outcomes.column((one) => one.smtpCode),
    statuses: outcomes.column((one) => one.status),
    texts: outcomes.column((one) => one.textMasked),
    dueAts: outcomes.column((one) => one.dueAt),
    burnts: outcomes.column((one) => (one.burnt ? 1 : 0)),
  });
  return readWindow(rows[0]);
}

/** The answers of a window that differ: nearly all are one and the same, which then travels once. */
class Outcomes {
  #known: Settlement[] = [];
  #accepted = new Map<string, number>();

  /** Counted from 1, as Postgres counts. Only acceptances are alike; whatever else comes has a time or a text of its own. */
  placeOf(one: Settlement): number {
    if (one.state !== 'accepted') return this.#known.push(one);
    const said = `${one.smtpCode} ${one.status}`;
    const place = this.#accepted.get(said) ?? this.#known.push(one);
    this.#accepted.set(said, place);
    return place;
  }

  column<Value>(of: (one: Settlement) => Value): Value[] {
    return this.#known.map(of);
  }
}

/** What one window's statement is filled with: the lease, what is to be claimed, and the answers, column by column. */
interface Values extends Lease {
  shard: number;
  nextIds: readonly number[];
  now: Date;
  dueBy: Date;
  bucket: number;
  drawn: boolean;
  /** In ascending order; claims and kinds go with it. */
  subscriberIds: number[];
  claims: number[];
  /** Places in the columns below. */
  kinds: number[];
  states: string[];
  classes: (string | null)[];
  codes: (number | null)[];
  statuses: (string | null)[];
  texts: (string | null)[];
  dueAts: (Date | null)[];
  burnts: number[];
}

const statement = preparedOnce<Values, Row>('settle-and-claim', (v) => {
  const answer = sql`width_bucket(d.subscriber_id, ${v.subscriberIds}::bigint[])`;
  const kind = sql`(${v.kinds}::int[])[${answer}]`;
  const answered = (column: unknown, type: string) => sql`(${column}::${sql.raw(type)}[])[${kind}]`;
  const state = answered(v.states, 'text');
  return sql`with lease as materialized (
  select no from delivery_batches
  where edition_id = ${v.editionId} and no = ${v.batchNo} and worker_id = ${v.workerId} and done_at is null
  for update
), gate as materialized (
  select e.state as edition_state, exists (select from lease) as leased, l.state as lane_state, l.back_off_until,
    l.connections, l.probe, l.rate_per_second,
    s.allowance is not null as rationed,
    (l.connections is not null or l.probe is not null or l.rate_per_second is not null)
      and l.worker_id is distinct from ${v.workerId} as kept_by_other
  from editions e join sends s on s.edition_id = e.id left join lanes l on l.lane = ${v.lane} where e.id = ${v.editionId}
), settled as (
  update deliveries d set
    state = case when ${state} in ('queued', 'deferred') and g.edition_state = 'cancelled' then 'cancelled'
      when ${state} = 'queued' and not g.leased then 'deferred'
      else ${state} end,
    due_at = case when ${state} = 'deferred' then least(${answered(v.dueAts, 'timestamptz')}, d.deadline_at) else d.due_at end,
    attempts = d.attempts + ${answered(v.burnts, 'int')},
    class = case when ${state} = 'queued' and not g.leased then ${notBegun} else ${answered(v.classes, 'text')} end,
    smtp_code = ${answered(v.codes, 'int')}, status = ${answered(v.statuses, 'text')},
    text_masked = ${answered(v.texts, 'text')},
    settled_at = case when ${state} = 'queued' then null else ${v.now}::timestamptz end
  from gate g
  where d.edition_id = ${v.editionId} and d.subscriber_id = any(${v.subscriberIds}::bigint[])
    and d.state = 'sending' and d.worker_id = ${v.workerId} and d.claim = (${v.claims}::int[])[${answer}]
  returning d.subscriber_id, d.lane, d.state
), wanted as materialized (
  select d.ctid as at, s.email, coalesce(sc.confirmed_at, sc.created_at) as confirmed_at,
    case when d.deadline_at <= ${v.now} then 'expired' else ${notMailed(v.now)} end as reason,
    ${v.lane} = ${otherLane} and exists (select from lanes own where own.lane = split_part(s.email_key, '@', 2)) as apart,
    d.subscriber_id
  from deliveries d
  join gate g on g.leased and g.edition_state = any(${[...deliveringStates]}::text[])
    and coalesce(g.lane_state, 'open') <> 'paused' and coalesce(g.back_off_until <= ${v.now}, true)
    and not coalesce(g.kept_by_other, false) and (${v.drawn} or not g.rationed)
  left join subscribers s on s.id = d.subscriber_id
  left join subscriptions sc on sc.subscriber_id = d.subscriber_id and sc.newsletter_id = ${v.newsletterId}
  where d.edition_id = ${v.editionId} and d.subscriber_id = any(${v.nextIds}::bigint[]) and d.state = 'queued'
    and d.due_at <= ${v.dueBy}
), claimed as (
  update deliveries d set
    state = case when w.reason is null then 'sending' when w.reason = 'expired' then 'refused' else 'skipped' end,
    class = coalesce(w.reason, d.class),
    claim = d.claim + 1, worker_id = ${v.workerId},
    settled_at = case when w.reason is null then null else ${v.now}::timestamptz end
  from wanted w
  where d.ctid = w.at and d.edition_id = ${v.editionId} and d.state = 'queued' and not w.apart
  returning d.subscriber_id, d.lane, d.state, d.claim, d.attempts, d.variant_id, w.email, w.confirmed_at
), ${moveBooks(
    v.editionId,
    v.shard,
    sql`select lane, 'sending', state from settled where state <> 'queued'
      union all select lane, 'queued', state from claimed where state <> 'sending'`,
    v.bucket,
  )}
select g.*,
  (select coalesce(json_agg(subscriber_id), '[]') from settled) as settled,
  (select coalesce(json_agg(subscriber_id), '[]') from wanted where apart) as apart,
  (select coalesce(json_agg(json_build_array(subscriber_id, claim, attempts, variant_id, email,
    (extract(epoch from confirmed_at) * 1000)::bigint)), '[]') from claimed where state = 'sending') as claimed
from gate g`;
});

interface Row {
  edition_state: EditionState;
  leased: boolean;
  rationed: boolean;
  kept_by_other: boolean | null;
  lane_state: LaneState | null;
  back_off_until: Date | null;
  connections: number | null;
  probe: number | null;
  rate_per_second: number | null;
  settled: number[];
  apart: number[];
  /** Subscriber, claim, attempts, variant, address, and when they confirmed in ms since 1970. */
  claimed: [number, number, number, number, string, number][];
}

function readWindow(row: Row | undefined): Window {
  return {
    editionState: row?.edition_state,
    leased: row?.leased === true,
    settled: new Set(row?.settled),
    claimed: (row?.claimed ?? []).map(([subscriberId, claim, attempts, variantId, email, confirmedAtMs]) => ({
      subscriberId,
      claim,
      attempts,
      variantId,
      email,
      confirmedAt: new Date(confirmedAtMs),
    })),
    pace: row ? toPace({ ...row, state: row.lane_state }) : freePace,
    rationed: row?.rationed === true,
    keptByOther: row?.kept_by_other === true,
    setApart: row?.apart ?? [],
  };
}
