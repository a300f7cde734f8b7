import { sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import { aliveSince } from '../platform/queue/workers.ts';
import { freePace, type LaneRow, type Pace, toPace } from './lane.ts';
import { acceptedPerProbe, pauseMsOf, probeMax, type Trouble } from './lane-policy.ts';

/** What stands between a lane and the relays now. */
export async function paceOf(db: Db, lane: string): Promise<Pace> {
  const row = await laneRow(db, lane);
  return row ? toPace(row) : freePace;
}

function laneRow(db: Db, lane: string): Promise<LaneRow | undefined> {
  return db
    .selectFrom('lanes')
    .select(['state', 'back_off_until', 'connections', 'probe', 'rate_per_second'])
    .where('lane', '=', lane)
    .executeTakeFirst();
}

/**
 * Makes a worker the one that keeps a limited lane's pace for all, if no living worker does. Safe to run twice.
 *
 * @returns whether it is the one.
 */
export async function takeLane(db: Db, lane: string, workerId: number, now: Date): Promise<boolean> {
  const { rows } = await sql`
    update lanes l set worker_id = ${workerId} where l.lane = ${lane} and (l.worker_id is null or l.worker_id = ${workerId}
      or not exists (select from workers w where w.id = l.worker_id and w.stopped_at is null
        and w.heartbeat_at >= ${aliveSince(now)}))
    returning lane`.execute(db);
  return rows.length > 0;
}

export async function leaveLane(db: Db, lane: string, workerId: number): Promise<void> {
  await db
    .updateTable('lanes')
    .set({ worker_id: null })
    .where('lane', '=', lane)
    .where('worker_id', '=', workerId)
    .execute();
}

/**
 * Writes a lane's trouble down, for all workers: it rests, and comes back slowly. What a burst of answers says while it rests
 * already counts once; a graver word makes the rest longer.
 *
 * @returns until when it rests, when this call made it.
 */
export async function writeTrouble(
  db: Db,
  lane: string,
  trouble: Trouble,
  seen: { lastAnswer: string; now: Date },
): Promise<Date | undefined> {
  const { lastAnswer, now } = seen;
  const known = await db.selectFrom('lanes').select('failures').where('lane', '=', lane).executeTakeFirst();
  const until = new Date(now.getTime() + pauseMsOf(trouble, known?.failures ?? 0));
  const { rows } = await sql<{ back_off_until: Date }>`
    insert into lanes as l (lane, back_off_until, probe, failures, reason, last_answer, changed_at)
    values (${lane}, ${until}, ${trouble.probe}, 1, ${trouble.kind}, ${lastAnswer}, ${now})
    on conflict (lane) do update set back_off_until = excluded.back_off_until,
      probe = least(greatest(1, l.probe / 2), excluded.probe), probe_accepted = 0,
      failures = l.failures + case when l.back_off_until > ${now} then 0 else 1 end,
      reason = excluded.reason, last_answer = excluded.last_answer, changed_at = excluded.changed_at
    where l.back_off_until is null or l.back_off_until <= ${now} or l.back_off_until < excluded.back_off_until
      and excluded.reason in ('quota', 'reputation') and excluded.reason is distinct from l.reason
    returning back_off_until`.execute(db);
  return rows[0]?.back_off_until;
}

/** Gives a recovering lane one connection more after a few accepted deliveries, and forgets its trouble in the end. */
export async function writeRecovery(db: Db, lane: string, accepted: number, now: Date): Promise<void> {
  await sql`
    update lanes set probe = probe + case when probe_accepted + ${accepted} >= probe * ${acceptedPerProbe} then 1 else 0 end,
      probe_accepted = case when probe_accepted + ${accepted} >= probe * ${acceptedPerProbe} then 0
        else probe_accepted + ${accepted} end,
      failures = case when probe_accepted + ${accepted} >= probe * ${acceptedPerProbe} then 0 else failures end
    where lane = ${lane} and probe is not null and (back_off_until is null or back_off_until <= ${now})`.execute(
    db,
  );
  await sql`
    update lanes set probe = null, probe_accepted = 0, failures = 0, back_off_until = null, reason = null,
      last_answer = null, changed_at = ${now}
    where lane = ${lane} and probe > ${probeMax}`.execute(db);
  await forgetOpenLane(db, lane);
}

/** A lane with neither limit nor trouble needs no row. */
export async function forgetOpenLane(db: Db, lane: string): Promise<void> {
  await sql`
    delete from lanes where lane = ${lane} and state = 'open' and probe is null and connections is null
      and rate_per_second is null and back_off_until is null`.execute(db);
}
