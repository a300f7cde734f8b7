import type { Db } from '../platform/db/database.ts';
import type { EventKind } from './events.ts';
import { idsOf } from './merged.ts';

export interface HistoryEntry {
  at: Date;
  kind: EventKind;
  /** The newsletter it was about; empty when it was about the person. */
  newsletter: string;
}

const entriesMax = 500;

/** What has happened to a person and their subscriptions, the newest first. */
export async function historyOf(db: Db, subscriberId: number): Promise<HistoryEntry[]> {
  const rows = await db
    .selectFrom('subscriber_events as e')
    .leftJoin('subscriptions as sc', 'sc.id', 'e.subscription_id')
    .leftJoin('newsletters as n', 'n.id', 'sc.newsletter_id')
    .select(['e.at', 'e.kind', 'n.name'])
    .where('e.subscriber_id', 'in', idsOf(subscriberId))
    .orderBy('e.id', 'desc')
    .limit(entriesMax)
    .execute();
  return rows.map((row) => ({ at: row.at, kind: row.kind as EventKind, newsletter: row.name ?? '' }));
}
