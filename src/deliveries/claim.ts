import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { preparedOnce } from '../platform/db/prepared.ts';
import type { EditionState, LaneState } from '../platform/db/tables.ts';
import { notMailed } from '../subscribers/may-mail.ts';
import { deliveringStates, soon } from './delivery.ts';
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
 * - `answers` is what we bring; `settled` writes each answer to the row that is still `sending` under our worker and
 *   claim number. A row that someone else has moved since keeps what it has: believe only what comes back.
 * - `wanted` asks about each delivery of the next window whether it still may go, in this order: within its deadline, not
 *   erased, subscription active, not paused, not suppressed. This is where someone who left a second ago is left out.
 *   In the shared lane, readers whose own domain is in trouble are set apart and stay as they are.
 * - `claimed` makes them `sending`, or `skipped` and `refused` with the reason, and counts the claim. The condition
 *   `state = 'queued'` is checked again on the row itself, so of two workers one gets it.
 * - `booked` moves the books by exactly the rows that moved, in our shard.
 *
 * Each look at `deliveries` names its rows, though the join would find them: without statistics, which a new edition does not
 * have, the kept plan would read the whole edition for every window (14 ms against 0.5 at 10,000 readers).
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
  const { rows } = await statement(db, {
    ...lease,
    shard: shardOf(lease.workerId),
    nextIds,
    now,
    dueBy: soon(now),
    bucket: bucketOf(now),
    drawn,
    subscriberIds: settlements.map((one) => one.subscriberId),
    claims: settlements.map((one) => one.claim),
    states: settlements.map((one) => one.state),
    classes: settlements.map((one) => one.class),
    codes: settlements.map((one) => one.smtpCode),
    statuses: settlements.map((one) => one.status),
    texts: settlements.map((one) => one.textMasked),
    dueAts: settlements.map((one) => one.dueAt),
    burnts: settlements.map((one) => (one.burnt ? 1 : 0)),
  });
  return readWindow(rows);
}

/** What one window's statement is filled with: the lease, what is to be claimed, and the answers, column by column. */
interface Values extends Lease {
  shard: number;
  nextIds: readonly number[];
  now: Date;
  dueBy: Date;
  bucket: number;
  drawn: boolean;
  subscriberIds: number[];
  claims: number[];
  states: string[];
  classes: (string | null)[];
  codes: (number | null)[];
  statuses: (string | null)[];
  texts: (string | null)[];
  dueAts: (Date | null)[];
  burnts: number[];
}

const statement = preparedOnce<Values, Row>(
  'settle-and-claim',
  (v) => sql`with lease as materialized (
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
), answers as (
  select * from unnest(${v.subscriberIds}::bigint[],
    ${v.claims}::int[], ${v.states}::text[],
    ${v.classes}::text[], ${v.codes}::int[],
    ${v.statuses}::text[], ${v.texts}::text[],
    ${v.dueAts}::timestamptz[], ${v.burnts}::int[])
    as a (subscriber_id, claim, state, class, smtp_code, status, text_masked, due_at, burnt)
), settled as (
  update deliveries d set
    state = case
      when a.state in ('queued', 'deferred') and g.edition_state = 'cancelled' then 'cancelled'
      when a.state = 'queued' and not g.leased then 'deferred'
      else a.state end,
    due_at = case when a.state = 'deferred' then least(a.due_at, d.deadline_at) else d.due_at end,
    attempts = d.attempts + a.burnt,
    class = a.class, smtp_code = a.smtp_code, status = a.status, text_masked = a.text_masked,
    settled_at = case when a.state = 'queued' then null else ${v.now}::timestamptz end
  from answers a, gate g
  where d.edition_id = ${v.editionId} and d.subscriber_id = any(${v.subscriberIds}::bigint[])
    and d.subscriber_id = a.subscriber_id and d.state = 'sending' and d.worker_id = ${v.workerId} and d.claim = a.claim
  returning d.subscriber_id, d.lane, d.state
), wanted as materialized (
  select d.subscriber_id, s.email, coalesce(sc.confirmed_at, sc.created_at) as confirmed_at,
    case when d.deadline_at <= ${v.now} then 'expired' else ${notMailed(v.now)} end as reason,
    ${v.lane} = ${otherLane} and exists (select from lanes own where own.lane = split_part(s.email_key, '@', 2)) as apart
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
  where d.edition_id = ${v.editionId} and d.subscriber_id = any(${v.nextIds}::bigint[]) and d.subscriber_id = w.subscriber_id and d.state = 'queued' and not w.apart
  returning d.subscriber_id, d.lane, d.state, d.claim, d.attempts, d.variant_id, w.email, w.confirmed_at
), ${moveBooks(
    v.editionId,
    v.shard,
    sql`select lane, 'sending', state from settled where state <> 'queued'
      union all select lane, 'queued', state from claimed where state <> 'sending'`,
    v.bucket,
  )}
select 'gate' as state, g.edition_state, g.leased, g.rationed, g.kept_by_other, g.lane_state, g.back_off_until, g.connections, g.probe,
  g.rate_per_second, null::bigint as subscriber_id, null::int as claim, null::int as attempts,
  null::bigint as variant_id, null::text as email, null::timestamptz as confirmed_at
from gate g
union all select 'settled', ${nothing(9)}, subscriber_id, ${nothing(5)} from settled
union all select 'apart', ${nothing(9)}, subscriber_id, ${nothing(5)} from wanted where apart
union all select state, ${nothing(9)}, subscriber_id, claim, attempts, variant_id, email, confirmed_at
from claimed where state = 'sending'`,
);

function nothing(columns: number) {
  return sql.raw(Array(columns).fill('null').join(', '));
}

interface Row {
  state: 'gate' | 'settled' | 'apart' | 'sending';
  edition_state: EditionState | null;
  leased: boolean | null;
  rationed: boolean | null;
  kept_by_other: boolean | null;
  lane_state: LaneState | null;
  back_off_until: Date | null;
  connections: number | null;
  probe: number | null;
  rate_per_second: number | null;
  subscriber_id: number | null;
  claim: number | null;
  attempts: number | null;
  variant_id: number | null;
  email: string | null;
  confirmed_at: Date | null;
}

function readWindow(rows: readonly Row[]): Window {
  const window: Window = {
    editionState: undefined,
    leased: false,
    settled: new Set(),
    claimed: [],
    pace: freePace,
    rationed: false,
    keptByOther: false,
    setApart: [],
  };
  for (const row of rows) {
    switch (row.state) {
      case 'gate':
        window.editionState = row.edition_state ?? undefined;
        window.leased = row.leased === true;
        window.pace = toPace({ ...row, state: row.lane_state });
        window.rationed = row.rationed === true;
        window.keptByOther = row.kept_by_other === true;
        break;
      case 'apart':
        window.setApart.push(Number(row.subscriber_id));
        break;
      case 'settled':
        window.settled.add(Number(row.subscriber_id));
        break;
      case 'sending':
        window.claimed.push(readClaimed(row));
        break;
    }
  }
  return window;
}

function readClaimed(row: Row): Claimed {
  const { subscriber_id, claim, attempts, variant_id, email, confirmed_at } = row;
  if (
    subscriber_id === null ||
    claim === null ||
    variant_id === null ||
    email === null ||
    confirmed_at === null
  ) {
    throw new Error('a claimed delivery came back without its reader');
  }
  return {
    subscriberId: subscriber_id,
    claim,
    attempts: attempts ?? 0,
    variantId: variant_id,
    email,
    confirmedAt: confirmed_at,
  };
}
