import { sql } from 'kysely';
import { gather } from '../lib/gather.ts';
import { allFingerprints, type Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';

/** `soft` makes the address undeliverable, every other reason stops all mail to it. */
export type SuppressionReason = 'hard' | 'complaint' | 'never' | 'soft' | 'manual';

export interface StandingSuppression {
  id: number;
  reason: SuppressionReason;
  newsletterId: number | undefined;
  evidence: string | undefined;
  at: Date;
}

/** Every suppression that stands for an address, looked up under each secret there is. */
export function standingSuppressions(
  db: Db,
  keyring: Keyring,
  emailKey: string,
): Promise<StandingSuppression[]> {
  return standingTogether(db, allFingerprints(keyring, emailKey));
}

/** Asked at the same time, they are asked in one statement. */
const standingTogether = gather<Db, readonly Buffer[], StandingSuppression[]>(
  async (db, asked) => {
    const rows = await db
      .selectFrom('suppressions')
      .select(['id', 'fingerprint', 'reason', 'newsletter_id', 'evidence', 'at'])
      .where('fingerprint', '=', sql<Buffer>`any(${asked.flat()}::bytea[])`)
      .where('released_at', 'is', null)
      .orderBy('id')
      .execute();
    return asked.map((prints) =>
      rows
        .filter(({ fingerprint }) => prints.some((print) => print.equals(fingerprint)))
        .map(({ id, reason, newsletter_id, evidence, at }) => ({
          id,
          reason,
          newsletterId: newsletter_id ?? undefined,
          evidence: evidence ?? undefined,
          at,
        })),
    );
  },
  { callsMax: 200 },
);

/** Makes the person's `mail_state` say what the standing suppressions say. Only `suppress` and `release` call it. */
export async function projectMailState(
  db: Db,
  keyring: Keyring,
  person: { id: number; emailKey: string },
): Promise<void> {
  const standing = await standingSuppressions(db, keyring, person.emailKey);
  const everywhere = standing.filter((one) => one.newsletterId === undefined);
  const stopped = everywhere.some((one) => one.reason !== 'soft');
  await adopt(db, standing, person.id);
  await db
    .updateTable('subscribers')
    .set({ mail_state: stopped ? 'suppressed' : everywhere.length > 0 ? 'undeliverable' : 'ok' })
    .where('id', '=', person.id)
    .where('erased_at', 'is', null)
    .execute();
}

/** A suppression may be older than the person: the address was erased, or listed before anyone signed it up. */
async function adopt(db: Db, standing: readonly StandingSuppression[], subscriberId: number): Promise<void> {
  if (standing.length === 0) return;
  await db
    .updateTable('suppressions')
    .set({ subscriber_id: subscriberId })
    .where(
      'id',
      'in',
      standing.map((one) => one.id),
    )
    .where('subscriber_id', 'is', null)
    .execute();
}
