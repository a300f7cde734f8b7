import { sql } from 'kysely';
import type { Db } from '../db/database.ts';
import { doubtsMax, letterDeadlineMs, nextAttemptAt, type SettledLetter } from './letter-verdict.ts';
import { type Claim, type ClaimedLetter, claimTogether, settleLetters } from './letters-together.ts';
import type { Outcome } from './smtp-outcome.ts';

// The ledger of letters: one transactional mail per row, without its words and without an address. Every chapter that
// writes to a single person plans a letter here, rings its job, and settles what became of it.

const workerDeadAfterMs = 60_000;

/**
 * Plans a letter. Unique by kind and what it is about, so planning twice plans once.
 *
 * @returns the letter's id, and whether this call planned it.
 */
export async function planLetter(
  db: Db,
  letter: {
    kind: string;
    about: number;
    /** Whom it is for, as a keyed fingerprint: per-address limits are counted on it. */
    fingerprint: Buffer;
    at: Date;
    /** Default: at once. */
    dueAt?: Date;
    /** Ids that the letter needs to be written; never an address. */
    detail?: Record<string, number | string | boolean | readonly number[] | null>;
  },
): Promise<{ id: number; planned: boolean }> {
  const made = await db
    .insertInto('letters')
    .values({
      kind: letter.kind,
      about: letter.about,
      fingerprint: letter.fingerprint,
      at: letter.at,
      due_at: letter.dueAt ?? letter.at,
      detail: letter.detail === undefined ? null : JSON.stringify(letter.detail),
    })
    .onConflict((conflict) => conflict.columns(['kind', 'about']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made) return { id: made.id, planned: true };
  const found = await db
    .selectFrom('letters')
    .select('id')
    .where('kind', '=', letter.kind)
    .where('about', '=', letter.about)
    .executeTakeFirstOrThrow();
  return { id: found.id, planned: false };
}

/**
 * Takes a letter that is due, for 10 minutes. Of two callers one gets it.
 *
 * @returns `undefined` when it is not due, taken, settled or unknown; a letter older than 24 h ends as `refused`.
 */
export async function claimLetter(db: Db, claim: Claim): Promise<ClaimedLetter | undefined> {
  const letter = await claimTogether(db, claim);
  if (!letter) await expireLetters(db, claim.now, claim.letterId);
  return letter;
}

/**
 * Writes down what became of a claimed letter. Deferred letters wait 1, 2, 5, 10 … minutes, at most 24 h after they were
 * planned; a letter whose answer was lost after the final dot is sent once more, since a second confirmation harms nobody.
 *
 * @returns `undefined` when the claim is no longer the latest, and nothing was written.
 */
export async function settleLetter(
  db: Db,
  letter: ClaimedLetter,
  outcome: Outcome,
  now: Date,
  messageId?: string,
): Promise<SettledLetter | undefined> {
  const [settled] = await settleLetters(db, [{ letter, outcome, messageId }], now);
  return settled;
}

/**
 * Gives a claimed letter back that never came to the wire, because it could not be written: it is due again as after a
 * deferral. Nothing of it left, so it is not in doubt, and it does not wait for its lease to end. Safe to run twice.
 */
export async function releaseLetter(db: Db, letter: ClaimedLetter, now: Date): Promise<void> {
  await db
    .updateTable('letters')
    .set({ state: 'deferred', due_at: nextAttemptAt(letter.attempt, now), worker_id: null })
    .where('id', '=', letter.id)
    .where('state', '=', 'sending')
    .where('attempts', '=', letter.attempt)
    .execute();
}

/** Keeps which stories a letter tells, before it leaves: its reader has been sent them. Safe to run twice. */
export async function noteStories(db: Db, letterId: number, storyIds: readonly number[]): Promise<void> {
  await db
    .updateTable('letters')
    .set({ story_ids: [...storyIds] })
    .where('id', '=', letterId)
    .execute();
}

/** Ends a letter that has no reason any more: what it was about is gone or done. Safe to run twice. */
export async function dropLetter(db: Db, letterId: number, now: Date): Promise<void> {
  await db
    .updateTable('letters')
    .set({ state: 'dropped', settled_at: now, worker_id: null })
    .where('id', '=', letterId)
    .where('state', 'in', ['queued', 'deferred', 'sending'])
    .execute();
}

/** The same for every letter of a kind about these rows. */
export async function dropLettersAbout(
  db: Db,
  kind: string,
  abouts: readonly number[],
  now: Date,
): Promise<void> {
  if (abouts.length === 0) return;
  await db
    .updateTable('letters')
    .set({ state: 'dropped', settled_at: now, worker_id: null })
    .where('kind', '=', kind)
    .where('about', 'in', [...abouts])
    .where('state', 'in', ['queued', 'deferred'])
    .execute();
}

/** Empties what servers answered to an address's letters: it is erased, and the answers hold its mask. */
export async function emptyLetters(
  db: Db,
  kinds: readonly string[],
  fingerprints: readonly Buffer[],
): Promise<void> {
  await db
    .updateTable('letters')
    .set({ text_masked: null })
    .where('kind', 'in', [...kinds])
    .where('fingerprint', 'in', [...fingerprints])
    .where('text_masked', 'is not', null)
    .execute();
}

/** The letter of a kind about a row, if one was ever planned. */
export async function findLetter(db: Db, kind: string, about: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('letters')
    .select('id')
    .where('kind', '=', kind)
    .where('about', '=', about)
    .executeTakeFirst();
  return row?.id;
}

/** What was written to an address since then, newest first; letters dropped before they left do not count. */
export async function lettersSince(
  db: Db,
  asked: { kinds: readonly string[]; fingerprints: readonly Buffer[]; since: Date },
): Promise<{ id: number; kind: string; about: number; at: Date }[]> {
  return db
    .selectFrom('letters')
    .select(['id', 'kind', 'about', 'at'])
    .where('kind', 'in', [...asked.kinds])
    .where('fingerprint', 'in', [...asked.fingerprints])
    .where('at', '>', asked.since)
    .where('state', '!=', 'dropped')
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(200)
    .execute();
}

/**
 * Frees letters whose worker died or kept them longer than their lease. Their outcome is in doubt, so they are sent once
 * more and are `unknown` after that. Letters past 24 h end as `refused`. Safe to run twice.
 */
export async function rescueLetters(db: Db, now: Date): Promise<{ freed: number; expired: number }> {
  const silentSince = new Date(now.getTime() - workerDeadAfterMs);
  const { rows } = await sql<{ id: number }>`
    update letters set
      state = case when doubts < ${doubtsMax} then 'deferred' else 'unknown' end,
      settled_at = case when doubts < ${doubtsMax} then null else ${now}::timestamptz end,
      doubts = doubts + 1, class = 'in-doubt', due_at = ${now}, worker_id = null
    where state = 'sending' and (due_at <= ${now} or worker_id in (
      select id from workers where heartbeat_at < ${silentSince} or stopped_at is not null))
    returning id`.execute(db);
  return { freed: rows.length, expired: await expireLetters(db, now) };
}

/** Letters that are due and that nobody has taken, oldest first. */
export async function dueLetters(
  db: Db,
  now: Date,
  lettersMax: number,
): Promise<{ id: number; kind: string }[]> {
  return db
    .selectFrom('letters')
    .select(['id', 'kind'])
    .where('state', 'in', ['queued', 'deferred'])
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('id')
    .limit(lettersMax)
    .execute();
}

async function expireLetters(db: Db, now: Date, letterId?: number): Promise<number> {
  const rows = await db
    .updateTable('letters')
    .set({ state: 'refused', class: 'expired', settled_at: now })
    .where('state', 'in', ['queued', 'deferred'])
    .where('at', '<=', new Date(now.getTime() - letterDeadlineMs))
    .$if(letterId !== undefined, (query) => query.where('id', '=', letterId ?? 0))
    .returning('id')
    .execute();
  return rows.length;
}
