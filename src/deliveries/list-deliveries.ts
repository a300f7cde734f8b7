import type { Db } from '../platform/db/database.ts';
import type { DeliveryState } from '../platform/db/tables.ts';

/** One edition to one person, as an operator sees it. */
export interface Delivery {
  editionId: number;
  subscriberId: number;
  newsletterId: number;
  fromEmail: string;
  state: DeliveryState;
  class: string | undefined;
  smtpCode: number | undefined;
  status: string | undefined;
  textMasked: string | undefined;
  attempts: number;
  resends: number;
  dueAt: Date;
  settledAt: Date | undefined;
}

/**
 * Deliveries of an edition by subscriber, or of a subscriber by edition, the newest first, or the one of both. Each is found
 * by the primary key; states and a class narrow them.
 */
export async function listDeliveries(
  db: Db,
  asked: {
    editionId?: number | undefined;
    subscriberId?: number | undefined;
    state?: DeliveryState | undefined;
    states?: readonly DeliveryState[] | undefined;
    /** Why it did not end as accepted; `unknown` also for those that have no class. */
    class?: string | undefined;
    newsletterIds?: readonly number[] | undefined;
    /** The last subscriber of the page before (by edition), or the last edition (by subscriber). */
    after?: number | undefined;
    limit: number;
  },
): Promise<Delivery[]> {
  const { editionId, subscriberId, state, states, newsletterIds, after, limit } = asked;
  const rows = await db
    .selectFrom('sends as s')
    .innerJoin('editions as e', 'e.id', 's.edition_id')
    .innerJoin('newsletters as n', 'n.id', 'e.newsletter_id')
    .innerJoin('deliveries as d', 'd.edition_id', 's.edition_id')
    .select([
      'd.edition_id',
      'd.subscriber_id',
      'n.id as newsletter_id',
      'n.from_email',
      'd.state',
      'd.class',
      'd.smtp_code',
      'd.status',
      'd.text_masked',
      'd.attempts',
      'd.resends',
      'd.due_at',
      'd.settled_at',
    ])
    .$if(editionId !== undefined, (query) => query.where('s.edition_id', '=', editionId ?? 0))
    .$if(subscriberId !== undefined, (query) => query.where('d.subscriber_id', '=', subscriberId ?? 0))
    .$if(state !== undefined, (query) => query.where('d.state', '=', state ?? 'queued'))
    .$if(states !== undefined, (query) => query.where('d.state', 'in', [...(states ?? [])]))
    .$if(asked.class !== undefined, (query) =>
      query.where(({ fn, val }) => fn.coalesce('d.class', val('unknown')), '=', asked.class ?? ''),
    )
    .$if(newsletterIds !== undefined, (query) => query.where('n.id', 'in', [0, ...(newsletterIds ?? [])]))
    .$if(after !== undefined && editionId !== undefined, (query) =>
      query.where('d.subscriber_id', '>', after ?? 0),
    )
    .$if(after !== undefined && editionId === undefined, (query) =>
      query.where('s.edition_id', '<', after ?? 0),
    )
    .$if(editionId !== undefined, (query) => query.orderBy('d.subscriber_id'))
    .$if(editionId === undefined, (query) => query.orderBy('s.edition_id', 'desc'))
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    editionId: row.edition_id,
    subscriberId: row.subscriber_id,
    newsletterId: row.newsletter_id,
    fromEmail: row.from_email,
    state: row.state,
    class: row.class ?? undefined,
    smtpCode: row.smtp_code ?? undefined,
    status: row.status ?? undefined,
    textMasked: row.text_masked ?? undefined,
    attempts: row.attempts,
    resends: row.resends,
    dueAt: row.due_at,
    settledAt: row.settled_at ?? undefined,
  }));
}
