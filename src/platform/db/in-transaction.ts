import type { Db } from './database.ts';

/** Runs the work in the caller's transaction when there is one, else in one of its own, which ends with the work. */
export function inTransaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}
