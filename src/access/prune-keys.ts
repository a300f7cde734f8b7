import type { Db } from '../platform/db/database.ts';
import { deleteSeenBefore } from './queries.ts';

const keptHours = 24;

/** Forgets `Idempotency-Key`s and their answers, 24 hours after the request. Safe to run at any time. */
export async function pruneKeys(db: Db, now: Date): Promise<number> {
  return deleteSeenBefore(db, new Date(now.getTime() - keptHours * 3_600_000));
}
