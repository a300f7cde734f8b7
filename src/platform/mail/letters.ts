import { sql } from 'kysely';
import { maskAddresses } from '../../lib/mask.ts';
import type { Db } from '../db/database.ts';
import type { Outcome } from './smtp-outcome.ts';
import { classifyReply, type ReplyClass, replyText } from './smtp-reply.ts';

// The ledger of letters: one transactional mail per row, without its words and without an address. Every chapter that
// writes to a single person plans a letter here, rings its job, and settles what became of it.

/** A letter that this worker has claimed: it alone may send it, until the lease ends. */
export interface ClaimedLetter {
  id: number;
  kind: string;
  /** The row the letter is about; with the kind it is the letter's identity. */
  about: number;
  /** Counts up with every claim: only the latest claim settles. */
  attempt: number;
  doubts: number;
  detail: unknown;
  /** When it was planned. */
  at: Date;
}

export type LetterClass = ReplyClass | 'in-doubt';

export interface SettledLetter {
  state: 'accepted' | 'deferred' | 'refused' | 'unknown';
  class: LetterClass;
  code: number | undefined;
  /** Enhanced status (RFC 3463). */
  status: string | undefined;
  textMasked: string;
  /** When a deferred letter is tried again. */
  dueAt: Date | undefined;
}

const minuteMs = 60_000;
/** After the n-th attempt the next comes so much later; after the last of these, every four hours. */
const backOffMinutes = [1, 2, 5, 10, 20, 40, 80, 160, 240];
export const letterDeadlineMs = 24 * 60 * minuteMs;
const leaseMs = 10 * minuteMs;
const workerDeadAfterMs = minuteMs;
const doubtsMax = 1;

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
export async function claimLetter(
  db: Db,
  claim: { letterId: number; now: Date; workerId?: number },
): Promise<ClaimedLetter | undefined> {
  const { letterId, now } = claim;
  const row = await db
    .updateTable('letters')
    .set((eb) => ({
      state: 'sending' as const,
      attempts: eb('attempts', '+', 1),
      due_at: new Date(now.getTime() + leaseMs),
      worker_id: claim.workerId ?? null,
    }))
    .where('id', '=', letterId)
    .where('state', 'in', ['queued', 'deferred'])
    .where('due_at', '<=', now)
    .where('at', '>', new Date(now.getTime() - letterDeadlineMs))
    .returning(['id', 'kind', 'about', 'attempts', 'doubts', 'detail', 'at'])
    .executeTakeFirst();
  if (!row) {
    await expireLetters(db, now, letterId);
    return undefined;
  }
  const { attempts, ...rest } = row;
  return { ...rest, attempt: attempts };
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
  const settled = judge(letter, outcome, now);
  const row = await db
    .updateTable('letters')
    .set({
      state: settled.state,
      class: settled.class,
      smtp_code: settled.code ?? null,
      // A 2xx quotes nothing worth keeping.
      text_masked: settled.state === 'accepted' ? null : settled.textMasked,
      doubts: letter.doubts + (settled.class === 'in-doubt' ? 1 : 0),
      worker_id: null,
      ...(messageId === undefined ? {} : { message_id: messageId }),
      ...(settled.dueAt ? { due_at: settled.dueAt } : { settled_at: now }),
    })
    .where('id', '=', letter.id)
    .where('state', '=', 'sending')
    .where('attempts', '=', letter.attempt)
    .returning('id')
    .executeTakeFirst();
  return row && settled;
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

function judge(letter: ClaimedLetter, outcome: Outcome, now: Date): SettledLetter {
  if (outcome.kind === 'lost' && outcome.afterDot) return inDoubt(letter, outcome.reason, now);
  const reply = outcome.reply;
  const verdict = reply && classifyReply({ phase: outcome.phase, ...reply });
  const words = reply ? replyText(reply) : outcome.kind === 'lost' ? outcome.reason : '';
  const seen = {
    class: verdict?.class ?? ('network' as const),
    code: reply?.code,
    status: reply?.status,
    textMasked: maskAddresses(words),
    dueAt: undefined,
  };
  if (outcome.kind === 'reply' && verdict?.disposition === 'accepted') return { ...seen, state: 'accepted' };
  // A lost connection says nothing about the reader, whatever the handshake answered: the letter waits.
  if (outcome.kind === 'reply' && verdict?.disposition === 'refused') return { ...seen, state: 'refused' };
  const dueAt = nextAttemptAt(letter.attempt, now);
  if (dueAt.getTime() >= letter.at.getTime() + letterDeadlineMs) {
    return { ...seen, state: 'refused', class: 'expired' };
  }
  return { ...seen, state: 'deferred', dueAt };
}

function inDoubt(letter: ClaimedLetter, reason: string, now: Date): SettledLetter {
  const seen = {
    class: 'in-doubt' as const,
    code: undefined,
    status: undefined,
    textMasked: maskAddresses(reason),
  };
  if (letter.doubts >= doubtsMax) return { ...seen, state: 'unknown', dueAt: undefined };
  return { ...seen, state: 'deferred', dueAt: now };
}

function nextAttemptAt(attempt: number, now: Date): Date {
  const minutes = backOffMinutes[Math.min(attempt, backOffMinutes.length) - 1] ?? 240;
  return new Date(now.getTime() + minutes * minuteMs);
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
