import { sql } from 'kysely';
import type { Db } from '../db/database.ts';

/** How often a worker says that it lives. */
export const heartbeatEveryMs = 10_000;
/** A worker that was silent for longer has lost its leases: six missed beats. */
export const deadAfterMs = 60_000;

/** Writes a process into the ledger of workers. Its id is what leases are held under. */
export async function registerWorker(
  db: Db,
  worker: { host: string; pid: number; roles: readonly string[] },
  now: Date,
): Promise<number> {
  const row = await db
    .insertInto('workers')
    .values({ ...worker, roles: [...worker.roles], started_at: now, heartbeat_at: now })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/**
 * One heartbeat. It never goes back: a clock that is set back does not make a living worker look dead.
 * A worker that was taken for dead and beats again is alive again, without the leases it lost.
 */
export async function beat(db: Db, workerId: number, now: Date): Promise<void> {
  await db
    .updateTable('workers')
    .set({ heartbeat_at: sql<Date>`greatest(heartbeat_at, ${now})`, stopped_at: null })
    .where('id', '=', workerId)
    .execute();
}

/** Says that a worker ended on purpose: whatever it still holds is free at once. Safe to run twice. */
export async function stopWorker(db: Db, workerId: number, now: Date): Promise<void> {
  await db
    .updateTable('workers')
    .set({ stopped_at: now })
    .where('id', '=', workerId)
    .where('stopped_at', 'is', null)
    .execute();
}

/** When a worker must have last beaten to count as alive at `now`. */
export function aliveSince(now: Date): Date {
  return new Date(now.getTime() - deadAfterMs);
}

export interface LivingWorker {
  id: number;
  host: string;
  pid: number;
  roles: string[];
  startedAt: Date;
  heartbeatAt: Date;
}

/** The workers that live, the longest-serving first. */
export async function livingWorkers(db: Db, now: Date): Promise<LivingWorker[]> {
  const rows = await db
    .selectFrom('workers')
    .select(['id', 'host', 'pid', 'roles', 'started_at', 'heartbeat_at'])
    .where('stopped_at', 'is', null)
    .where('heartbeat_at', '>=', aliveSince(now))
    .orderBy('id')
    .limit(1000)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    host: row.host,
    pid: row.pid,
    roles: row.roles,
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
  }));
}
