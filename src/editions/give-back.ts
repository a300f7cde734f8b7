import type { Db } from '../platform/db/database.ts';
import { giveBackStories } from './queries.ts';

/** Gives the stories of an edition that reached nobody back to the next one. Safe to run twice. */
export async function giveBack(db: Db, editionId: number): Promise<void> {
  await giveBackStories(db, editionId);
}
