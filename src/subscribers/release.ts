import type { Keyring } from '../lib/signed-token.ts';
import type { Db } from '../platform/db/database.ts';
import { recordEvents } from './events.ts';
import { projectMailState } from './mail-state.ts';
import { selectSubscriber } from './queries.ts';

/**
 * Lifts suppressions: those named, for a reason that is kept. Run it in the caller's transaction; safe to run twice.
 *
 * @returns how many this call lifted.
 */
export async function release(
  db: Db,
  keyring: Keyring,
  what: { suppressionIds: readonly number[]; by: string; reason: string; at: Date },
): Promise<number> {
  if (what.suppressionIds.length === 0) return 0;
  const lifted = await db
    .updateTable('suppressions')
    .set({ released_at: what.at, released_by: what.by, release_reason: what.reason })
    .where('id', 'in', [...what.suppressionIds])
    .where('released_at', 'is', null)
    .returning(['subscriber_id', 'reason', 'newsletter_id'])
    .execute();
  for (const one of lifted) {
    const person =
      one.subscriber_id === null ? undefined : await selectSubscriber(db, { id: one.subscriber_id });
    if (person?.emailKey === undefined) continue;
    await projectMailState(db, keyring, { id: person.id, emailKey: person.emailKey });
    await recordEvents(db, [
      {
        subscriberId: person.id,
        kind: 'released',
        before: { reason: one.reason, newsletter: one.newsletter_id },
        actor: what.by,
        at: what.at,
      },
    ]);
  }
  return lifted.length;
}
