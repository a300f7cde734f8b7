import { sql } from 'kysely';
import { fingerprint, type Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';
import { projectMailState, type SuppressionReason } from './mail-state.ts';

/**
 * Never write to this address again: for the reason given, for everything or for one newsletter. Holds only a keyed
 * fingerprint, so it outlives the person's erasure. Run it in the transaction that learnt the reason; safe to run twice.
 *
 * @returns the suppression's id, and whether this call made it.
 */
export async function suppress(
  db: Db,
  keyring: Keyring,
  what: {
    emailKey: string;
    subscriberId?: number | undefined;
    newsletterId?: number | undefined;
    reason: SuppressionReason;
    /** Why, in words without an address: a reply's class and status, a file, a person's note. */
    evidence?: string | undefined;
    /** Who learnt it: `smtp`, `dsn`, `arf`, `webhook`, `operator`, `reader`. */
    source: string;
    at: Date;
  },
): Promise<{ id: number; made: boolean }> {
  const print = fingerprint(keyring, what.emailKey);
  const made = await sql<{ id: number }>`
    insert into suppressions (fingerprint, key_id, subscriber_id, newsletter_id, reason, evidence, source, at)
    values (${print.bytes}, ${print.keyId}, ${what.subscriberId ?? null}, ${what.newsletterId ?? null}, ${what.reason},
      ${what.evidence ?? null}, ${what.source}, ${what.at})
    on conflict (fingerprint, coalesce(newsletter_id, 0), reason) where released_at is null do nothing
    returning id`.execute(db);
  const id = made.rows[0]?.id;
  if (what.subscriberId !== undefined) {
    await projectMailState(db, keyring, { id: what.subscriberId, emailKey: what.emailKey });
    if (id !== undefined) {
      await recordEvents(db, [
        {
          subscriberId: what.subscriberId,
          kind: 'suppressed',
          before: { reason: what.reason, newsletter: what.newsletterId ?? null },
          actor: what.source,
          at: what.at,
        },
      ]);
    }
  }
  if (id !== undefined) return { id, made: true };
  const standing = await sql<{ id: number }>`
    select id from suppressions where fingerprint = ${print.bytes} and reason = ${what.reason}
      and coalesce(newsletter_id, 0) = ${what.newsletterId ?? 0} and released_at is null`.execute(db);
  return { id: standing.rows[0]?.id ?? 0, made: false };
}
