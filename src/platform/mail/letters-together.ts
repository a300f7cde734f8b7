import { sql } from 'kysely';
import { gather } from '../../lib/gather.ts';
import type { Db } from '../db/database.ts';
import { letterDeadlineMs, letterVerdict, type SettledLetter } from './letter-verdict.ts';
import type { Outcome } from './smtp-outcome.ts';

// The ledger of letters, for many at once: a rush is planned, claimed and settled in one statement each.

const leaseMs = 10 * 60_000;

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

export interface Claim {
  letterId: number;
  now: Date;
  workerId?: number;
}

const lettersTogetherMax = 50;

/** Letters that share a bell are claimed in one statement. */
export const claimTogether = gather<Db, Claim, ClaimedLetter | undefined>(
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

/** Writes down what became of several claimed letters, as `settleLetter` does, in one statement and in their order. */
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
