import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordConsents } from './consent.ts';
import { recordEvents } from './events.ts';
import { lockSubscriber } from './queries.ts';

/**
 * Takes marketing consent from the reader's own page, with the words it showed. Safe to run twice.
 *
 * @returns whether this call took it.
 */
export function giveMarketing(
  ctx: Context,
  what: { subscriberId: number; wordingId: number | undefined; actor: string },
  db: Db = ctx.db,
): Promise<boolean> {
  const now = ctx.clock.now();
  return inTransaction(db, async (tx) => {
    const person = await lockSubscriber(tx, what.subscriberId);
    if (person?.email === undefined || person.emailKey === undefined || person.marketingSince) return false;
    await tx.updateTable('subscribers').set({ marketing_since: now }).where('id', '=', person.id).execute();
    await recordConsents(tx, ctx.keyring, [
      {
        subscriberId: person.id,
        email: person.email,
        emailKey: person.emailKey,
        purpose: 'marketing',
        act: 'given',
        wordingId: what.wordingId,
        method: 'preferences',
        form: 'manage-page',
        at: now,
      },
    ]);
    await recordEvents(tx, [
      {
        subscriberId: person.id,
        kind: 'marketing_given',
        before: { marketing_since: null },
        actor: what.actor,
        at: now,
      },
    ]);
    return true;
  });
}
