import { slotName } from '../editions/edition.ts';
import type { Db } from '../platform/db/database.ts';
import type { EditionState } from '../platform/db/tables.ts';

export interface Send {
  editionId: number;
  newsletterId: number;
  /** What people call it: `inside-washington 2026-11-28`. */
  name: string;
  state: EditionState;
  frozenAt: Date | undefined;
  fanOutAfter: number;
  fannedOutAt: Date | undefined;
  holdUntil: Date | undefined;
  expected: number | undefined;
  requestedBy: string;
  requestedAt: Date;
  pauseReason: string | undefined;
  /** How many more may begin before it pauses again. */
  allowance: number | undefined;
  /** The harm that a person found bearable when they resumed it. */
  pardoned: { bounced: number; complaints: number; decided: number } | undefined;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  verifiedAt: Date | undefined;
}

function sendRows(db: Db) {
  return db
    .selectFrom('sends as s')
    .innerJoin('editions as e', 'e.id', 's.edition_id')
    .innerJoin('newsletters as n', 'n.id', 'e.newsletter_id')
    .select([
      's.edition_id as editionId',
      'e.newsletter_id as newsletterId',
      'n.slug',
      'e.kind',
      'e.slot_date as slotDate',
      'e.seq',
      'e.state',
      's.frozen_at as frozenAt',
      's.fan_out_after as fanOutAfter',
      's.fanned_out_at as fannedOutAt',
      's.hold_until as holdUntil',
      's.expected',
      's.requested_by as requestedBy',
      's.requested_at as requestedAt',
      's.pause_reason as pauseReason',
      's.allowance',
      's.pardoned',
      's.started_at as startedAt',
      's.finished_at as finishedAt',
      's.verified_at as verifiedAt',
    ]);
}

type SendRow = Awaited<ReturnType<ReturnType<typeof sendRows>['executeTakeFirstOrThrow']>>;

function toSend({ slug, kind, slotDate, seq, ...row }: SendRow): Send {
  return {
    ...row,
    name: [slug, ...(kind === 'weekly' ? [kind] : []), slotName({ slotDate, seq })].join(' '),
    frozenAt: row.frozenAt ?? undefined,
    fannedOutAt: row.fannedOutAt ?? undefined,
    holdUntil: row.holdUntil ?? undefined,
    expected: row.expected ?? undefined,
    pauseReason: row.pauseReason ?? undefined,
    allowance: row.allowance ?? undefined,
    pardoned: row.pardoned ?? undefined,
    startedAt: row.startedAt ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
    verifiedAt: row.verifiedAt ?? undefined,
  };
}

export async function selectSend(db: Db, editionId: number): Promise<Send | undefined> {
  const row = await sendRows(db).where('s.edition_id', '=', editionId).executeTakeFirst();
  return row && toSend(row);
}

/** Sends, the newest first. */
export async function selectSends(
  db: Db,
  page: {
    before?: number | undefined;
    newsletterId?: number | undefined;
    newsletterIds?: readonly number[] | undefined;
    limit: number;
  },
): Promise<Send[]> {
  const { before, newsletterId, newsletterIds, limit } = page;
  const rows = await sendRows(db)
    .$if(before !== undefined, (query) => query.where('s.edition_id', '<', before ?? 0))
    .$if(newsletterId !== undefined, (query) => query.where('e.newsletter_id', '=', newsletterId ?? 0))
    .$if(newsletterIds !== undefined, (query) =>
      query.where('e.newsletter_id', 'in', [0, ...(newsletterIds ?? [])]),
    )
    .orderBy('s.edition_id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toSend);
}

/**
 * Holds the send's row until the transaction ends: pages of the fan-out, retries and a cancel follow each other, and
 * batch numbers are given out once.
 */
export async function lockSend(db: Db, editionId: number): Promise<Send | undefined> {
  const held = await db
    .selectFrom('sends')
    .select('edition_id')
    .where('edition_id', '=', editionId)
    .forUpdate()
    .executeTakeFirst();
  return held && (await selectSend(db, editionId));
}
