import { type Selectable, sql } from 'kysely';
import type { Db } from '../platform/db/database.ts';
import type { ByLang, Tables } from '../platform/db/tables.ts';
import type { Placed } from './choose.ts';
import type { Edition } from './edition.ts';

export function toEdition(row: Selectable<Tables['editions']>): Edition {
  return {
    id: row.id,
    newsletterId: row.newsletter_id,
    kind: row.kind,
    slotDate: row.slot_date,
    seq: row.seq,
    slotAt: row.slot_at,
    number: row.number ?? undefined,
    state: row.state,
    heldReason: row.held_reason ?? undefined,
    skippedReason: row.skipped_reason ?? undefined,
    failedReason: row.failed_reason ?? undefined,
    subject: row.subject,
    preheader: row.preheader,
    greeting: row.greeting,
    cutoffAt: row.cutoff_at ?? undefined,
    touchedAt: row.touched_at ?? undefined,
    revision: row.revision,
    composedRevision: row.composed_revision ?? undefined,
    archiveState: row.archive_state,
    webKey: row.web_key,
    publishedAt: row.published_at ?? undefined,
    archiveDelayMinutes: row.archive_delay_minutes,
    appearsAt: row.appears_at ?? row.published_at ?? undefined,
    scheduled: row.scheduled,
  };
}

/** The edition of a slot, made if it is not there: the schema's uniqueness lets two schedulers make one. */
export async function putEdition(
  db: Db,
  slot: {
    newsletterId: number;
    kind: 'regular' | 'weekly';
    slotDate: string;
    seq: number;
    slotAt: Date;
    scheduled: boolean;
  },
  now: Date,
): Promise<{ id: number; created: boolean }> {
  const made = await db
    .insertInto('editions')
    .values({
      newsletter_id: slot.newsletterId,
      kind: slot.kind,
      slot_date: slot.slotDate,
      seq: slot.seq,
      slot_at: slot.slotAt,
      scheduled: slot.scheduled,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.columns(['newsletter_id', 'kind', 'slot_date', 'seq']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made) return { id: made.id, created: true };
  const found = await db
    .selectFrom('editions')
    .select('id')
    .where('newsletter_id', '=', slot.newsletterId)
    .where('kind', '=', slot.kind)
    .where('slot_date', '=', slot.slotDate)
    .where('seq', '=', slot.seq)
    .executeTakeFirstOrThrow();
  return { id: found.id, created: false };
}

/** Holds the edition for this transaction, so that two refreshes of one draft follow each other. */
export async function lockEdition(db: Db, editionId: number): Promise<Edition | undefined> {
  const row = await db
    .selectFrom('editions')
    .selectAll()
    .where('id', '=', editionId)
    .forUpdate()
    .executeTakeFirst();
  return row && toEdition(row);
}

/** Where the last sent edition of the newsletter stopped weighing stories, or `undefined` before the first. */
export async function lastCutoff(db: Db, newsletterId: number, exceptId: number): Promise<Date | undefined> {
  const row = await db
    .selectFrom('editions')
    .select('cutoff_at')
    .where('newsletter_id', '=', newsletterId)
    .where('kind', '=', 'regular')
    .where('id', '!=', exceptId)
    .where('state', 'in', ['starting', 'sending', 'paused', 'sent'])
    .where('cutoff_at', 'is not', null)
    .orderBy('cutoff_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.cutoff_at ?? undefined;
}

/**
 * Stories that an earlier edition of the newsletter weighed and had no room for, and that no edition has used since.
 * An edition that was skipped or cancelled gave its stories back the same way.
 */
export async function carriedStories(db: Db, newsletterId: number, exceptId: number): Promise<number[]> {
  const { rows } = await sql<{ story_id: number }>`
    select distinct c.story_id from edition_stories c
    where c.newsletter_id = ${newsletterId} and c.kind = 'regular' and c.place = 'carried' and c.edition_id <> ${exceptId}
      and not exists (select 1 from edition_stories used where used.newsletter_id = ${newsletterId}
        and used.kind = 'regular' and used.story_id = c.story_id and used.edition_id <> ${exceptId}
        and used.place in ('lead', 'section', 'brief', 'web'))`.execute(db);
  return rows.map((row) => row.story_id);
}

/** Stories that another edition of the newsletter holds a place for. */
export async function usedStories(
  db: Db,
  newsletterId: number,
  storyIds: number[],
  exceptId: number,
): Promise<Set<number>> {
  if (storyIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('edition_stories')
    .select('story_id')
    .where('newsletter_id', '=', newsletterId)
    .where('kind', '=', 'regular')
    .where('edition_id', '!=', exceptId)
    .where('place', 'in', ['lead', 'section', 'brief', 'web'])
    .where('story_id', 'in', storyIds)
    .execute();
  return new Set(rows.map((row) => row.story_id));
}

/** Replaces the edition's unpinned stories by what the recipe chose. */
export async function putStories(db: Db, edition: Edition, placed: readonly Placed[]): Promise<void> {
  await db
    .deleteFrom('edition_stories')
    .where('edition_id', '=', edition.id)
    .where('pinned', '=', false)
    .execute();
  if (placed.length === 0) return;
  await sql`
    insert into edition_stories (edition_id, newsletter_id, kind, story_id, place, section, position, reason)
    select ${edition.id}, ${edition.newsletterId}, ${edition.kind}, s.*
    from unnest(${placed.map((one) => one.storyId)}::bigint[], ${placed.map((one) => one.place)}::text[],
      ${placed.map((one) => one.section ?? null)}::text[], ${placed.map((one) => one.position)}::int[],
      ${placed.map((one) => one.reason)}::text[]) as s
    on conflict (edition_id, story_id) do nothing`.execute(db);
}

/** An edition that goes nowhere gives its stories back to the next one. */
export async function giveBackStories(db: Db, editionId: number): Promise<void> {
  await db
    .updateTable('edition_stories')
    .set({ place: 'carried' })
    .where('edition_id', '=', editionId)
    .where('place', 'in', ['lead', 'section', 'brief', 'web'])
    .execute();
}

export interface StoryRow {
  storyId: number;
  place: 'lead' | 'section' | 'brief' | 'carried' | 'excluded' | 'web';
  section: string | undefined;
  position: number;
  reason: string;
  words: Record<string, unknown>;
  pinned: boolean;
}

export async function editionStories(db: Db, editionId: number): Promise<StoryRow[]> {
  const rows = await db
    .selectFrom('edition_stories')
    .select(['story_id', 'place', 'section', 'position', 'reason', 'words', 'pinned'])
    .where('edition_id', '=', editionId)
    .orderBy('position')
    .orderBy('story_id')
    .execute();
  return rows.map((row) => ({
    storyId: row.story_id,
    place: row.place,
    section: row.section ?? undefined,
    position: row.position,
    reason: row.reason,
    words: row.words,
    pinned: row.pinned,
  }));
}

/** After a choice: where it stopped weighing, a new revision when it changed, and what holds it, if anything. */
export async function noteAssembled(
  db: Db,
  editionId: number,
  note: { cutoffAt: Date; changed: boolean; held: string | undefined; now: Date },
): Promise<void> {
  await db
    .updateTable('editions')
    .set((expression) => ({
      cutoff_at: note.cutoffAt,
      held_reason: note.held ?? null,
      revision: note.changed ? expression('revision', '+', 1) : expression.ref('revision'),
      updated_at: note.now,
    }))
    .where('id', '=', editionId)
    .execute();
}

/**
 * The edition's number: given once, one more than the newsletter's last. Weekly editions have none. Safe to run twice at once:
 * whoever comes second gets the number that the first one gave.
 */
export async function giveNumber(db: Db, edition: Edition): Promise<number | undefined> {
  if (edition.number !== undefined || edition.kind !== 'regular') return edition.number;
  const { rows } = await sql<{ number: number }>`
    update editions set number = (select coalesce(max(number), 0) + 1 from editions
      where newsletter_id = ${edition.newsletterId})
    where id = ${edition.id} and number is null returning number`.execute(db);
  if (rows[0]) return rows[0].number;
  const given = await db
    .selectFrom('editions')
    .select('number')
    .where('id', '=', edition.id)
    .executeTakeFirst();
  return given?.number ?? undefined;
}

/** The calendar has come to this edition: it will send itself at its slot, whoever made it. */
export async function markScheduled(db: Db, editionId: number): Promise<void> {
  await db
    .updateTable('editions')
    .set({ scheduled: true })
    .where('id', '=', editionId)
    .where('scheduled', '=', false)
    .where('state', 'in', ['draft', 'ready', 'approved'])
    .execute();
}

export async function holdEdition(db: Db, editionId: number, reason: string): Promise<void> {
  await db.updateTable('editions').set({ held_reason: reason }).where('id', '=', editionId).execute();
}

export async function editionsOf(
  db: Db,
  page: { newsletterId?: number | undefined; before?: number | undefined; limit: number },
): Promise<Edition[]> {
  let query = db.selectFrom('editions').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (page.newsletterId !== undefined) query = query.where('newsletter_id', '=', page.newsletterId);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return (await query.execute()).map(toEdition);
}

export async function noteComposed(
  db: Db,
  editionId: number,
  composed: { revision: number; archiveDelayMinutes: number },
): Promise<void> {
  await db
    .updateTable('editions')
    .set({
      composed_revision: composed.revision,
      archive_delay_minutes: composed.archiveDelayMinutes,
      failed_reason: null,
    })
    .where('id', '=', editionId)
    .execute();
}

/** Why the last compose refused it; the next one that succeeds takes the reason away. */
export async function noteRefused(db: Db, editionId: number, reason: string): Promise<void> {
  await db.updateTable('editions').set({ failed_reason: reason }).where('id', '=', editionId).execute();
}

/** What held the edition until now was for a person to decide, and one has. @returns the new revision. */
export async function putWords(
  db: Db,
  edition: Edition,
  words: { subject?: ByLang | undefined; preheader?: ByLang | undefined; greeting?: ByLang | undefined },
  now: Date,
): Promise<number> {
  const row = await db
    .updateTable('editions')
    .set({
      subject: JSON.stringify(words.subject ?? edition.subject),
      preheader: JSON.stringify(words.preheader ?? edition.preheader),
      greeting: JSON.stringify(words.greeting ?? edition.greeting),
      held_reason: null,
      touched_at: now,
      updated_at: now,
      revision: edition.revision + 1,
    })
    .where('id', '=', edition.id)
    .returning('revision')
    .executeTakeFirstOrThrow();
  return row.revision;
}
