import type { Db } from '../platform/db/database.ts';
import { dropOldVersions } from './block-queries.ts';

const keptDays = 30;

/** Forgets the versions of editions that went out a month ago: nobody is sent them any more. Safe to run twice. */
export function pruneVersions(db: Db, now: Date): Promise<number> {
  return dropOldVersions(db, new Date(now.getTime() - keptDays * 86_400_000));
}
