import { sql } from 'kysely';
import { gather } from '../../lib/gather.ts';
import type { Db } from '../db/database.ts';
import {
  doubtsMax,
  letterDeadlineMs,
  letterVerdict,
  nextAttemptAt,
  type SettledLetter,
} from './letter-verdict.ts';
import type { Outcome } from './smtp-outcome.ts';

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

const minuteMs = 60_000;
const leaseMs = 10 * minuteMs;
const workerDeadAfterMs = minuteMs;

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
 * Plans a letter of one kind about each of these rows, in one statement, due at once.
 *
 * @returns their ids, in the order of the rows. @throws Error when one was planned before.
 */
export async function planLetters(
  db: Db,
  kind: string,
  letters: readonly { about: number; fingerprint: Buffer }[],
  at: Date,
): Promise<number[]> {
  const asked = letters.map(({ about, fingerprint }) => ({
    about,
    fingerprint: `\\x${fingerprint.toString('hex')}`,
  }));
  const { rows } = await sql<{ id: number; about: number }>`
    insert into letters (kind, about, fingerprint, at, due_at)
    select ${kind}, about, fingerprint, ${at}::timestamptz, ${at}::timestamptz
    from json_to_recordset(${JSON.stringify(asked)}::json) as asked(about bigint, fingerprint bytea)
    on conflict (kind, about) do nothing returning id, about`.execute(db);
  const ids = new Map(rows.map(({ id, about }) => [about, id]));
  return letters.map(({ about }) => {
    const id = ids.get(about);
    if (id === undefined) throw new Error(`a ${kind} about ${about} was planned before`);
    return id;
  });
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

interface Claim {
  letterId: number;
  now: Date;
  workerId?: number;
}

const lettersTogetherMax = 50;

/** Letters that share a bell are claimed in one statement. */
const claimTogether = gather<Db, Claim, ClaimedLetter | undefined>(
  async (db, claims) => {
    const asked = claims.map(({ letterId, now, workerId }) => ({
      id: letterId,
      now,
      worker_id: workerId,
      lease_until: new Date(now.getTime() + leaseMs),
      planned_after: new Date(now.getTime() - letterDeadlineMs),
    }));
    const { rows } = await sql<ClaimedLetter>`
      update letters set state = 'sending', attempts = attempts + 1, due_at = lease_until, worker_id = asked.worker_id
      from json_to_recordset(${JSON.stringify(asked)}::json)
        as asked(id bigint, now timestamptz, worker_id bigint, lease_until timestamptz, planned_after timestamptz)
      where letters.id = asked.id and state in ('queued', 'deferred') and due_at <= asked.now and at > planned_after
      returning letters.id, kind, about, attempts as attempt, doubts, detail, at`.execute(db);
    const claimed = new Map(rows.map((row) => [row.id, row]));
    return claims.map(({ letterId }) => {
      const letter = claimed.get(letterId);
      // Of two callers one gets it, also when they ask in one breath.
      claimed.delete(letterId);
      return letter;
    });
  },
  { callsMax: lettersTogetherMax },
);

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

/** The same for several claimed letters, in one statement and in their order. */
export async function settleLetters(
  db: Db,
  sent: readonly { letter: ClaimedLetter; outcome: Outcome; messageId?: string | undefined }[],
  now: Date,
): Promise<(SettledLetter | undefined)[]> {
  const settled = sent.map(({ letter, outcome }) => letterVerdict(letter, outcome, now));
  const asked = sent.map(({ letter, messageId }, nth) => toRecord(letter, settled[nth], { messageId, now }));
  const { rows } = await sql<{ id: number }>`
    update letters set state = asked.state, class = asked.class, smtp_code = asked.smtp_code, text_masked = asked.text_masked,
      doubts = asked.doubts, worker_id = null, message_id = coalesce(asked.message_id, letters.message_id),
      due_at = coalesce(asked.due_at, letters.due_at), settled_at = coalesce(asked.settled_at, letters.settled_at)
    from json_to_recordset(${JSON.stringify(asked)}::json)
      as asked(id bigint, attempt smallint, state text, class text, smtp_code int, text_masked text, doubts smallint,
        message_id text, due_at timestamptz, settled_at timestamptz)
    where letters.id = asked.id and letters.state = 'sending' and letters.attempts = asked.attempt
    returning letters.id`.execute(db);
  const written = new Set(rows.map(({ id }) => id));
  return sent.map(({ letter }, nth) => (written.has(letter.id) ? settled[nth] : undefined));
}

function toRecord(
  { id, attempt, doubts }: ClaimedLetter,
  settled: SettledLetter | undefined,
  { messageId, now }: { messageId: string | undefined; now: Date },
) {
  return {
    id,
    attempt,
    state: settled?.state,
    class: settled?.class,
    smtp_code: settled?.code,
    // A 2xx quotes nothing worth keeping.
    text_masked: settled?.state === 'accepted' ? undefined : settled?.textMasked,
    doubts: doubts + (settled?.class === 'in-doubt' ? 1 : 0),
    message_id: messageId,
    due_at: settled?.dueAt,
    settled_at: settled?.dueAt ? undefined : now,
  };
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
