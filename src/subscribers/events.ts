import type { Db } from '../platform/db/database.ts';

/** What can happen to a person or a subscription; the timeline is made of these. */
export type EventKind =
  | 'signed_up'
  | 'confirmed'
  | 'left_out'
  | 'added'
  | 'unsubscribed'
  | 'resubscribed'
  | 'restored'
  | 'paused'
  | 'resumed'
  | 'language_changed'
  | 'time_zone_changed'
  | 'rhythm_changed'
  | 'changed'
  /** Why they left, in `before`: one of our reasons, and words of their own. */
  | 'said_why'
  | 'marketing_given'
  | 'marketing_withdrawn'
  | 'suppressed'
  | 'released'
  | 'email_change_asked'
  | 'email_changed'
  | 'email_change_stopped'
  /** Two readers became one, since one took the other's address. */
  | 'merged'
  | 'data_asked'
  | 'erased';

export interface SubscriberEvent {
  subscriberId: number;
  subscriptionId?: number | undefined;
  kind: EventKind;
  /** What stood before, as plain values: undo puts exactly this back. Never an address. */
  before?: unknown;
  /** `reader`, `cli`, `key:<id>`, `upkeep`, `bounce`. */
  actor: string;
  at: Date;
}

/**
 * Writes down what happened, in the transaction that made it happen: no subscription changes without an event.
 *
 * @returns the events' ids, in their order.
 */
export async function recordEvents(db: Db, events: readonly SubscriberEvent[]): Promise<number[]> {
  if (events.length === 0) return [];
  const rows = await db
    .insertInto('subscriber_events')
    .values(
      events.map((event) => ({
        subscriber_id: event.subscriberId,
        subscription_id: event.subscriptionId ?? null,
        kind: event.kind,
        before: event.before === undefined ? null : JSON.stringify(event.before),
        actor: event.actor,
        at: event.at,
      })),
    )
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}
