import type { Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { type ConsentMethod, recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import { lastWording } from './queries.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Withdraws marketing consent, in the caller's transaction. Safe to run twice.
 *
 * @returns the id of the event, or nothing when no consent stood.
 */
export async function withdrawMarketing(
  db: Db,
  keyring: Keyring,
  person: Subscriber,
  how: { method: ConsentMethod; actor: string; at: Date },
): Promise<number[]> {
  const withdrawn = await db
    .updateTable('subscribers')
    .set({ marketing_since: null })
    .where('id', '=', person.id)
    .where('marketing_since', 'is not', null)
    .returning('id')
    .executeTakeFirst();
  if (!withdrawn || person.email === undefined || person.emailKey === undefined) return [];
  await recordConsents(db, keyring, [
    {
      subscriberId: person.id,
      email: person.email,
      emailKey: person.emailKey,
      purpose: 'marketing',
      act: 'withdrawn',
      wordingId: await lastWording(db, person.id, 'marketing'),
      method: how.method,
      at: how.at,
    },
  ]);
  return recordEvents(db, [
    {
      subscriberId: person.id,
      kind: 'marketing_withdrawn',
      before: { marketing_since: person.marketingSince },
      actor: how.actor,
      at: how.at,
    },
  ]);
}
