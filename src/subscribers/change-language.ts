import type { Context } from '../context.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordEvents } from './events.ts';
import { lockSubscriber } from './queries.ts';

/** Sets the language a person is written to in. Safe to run twice. @returns whether it changed. */
export function changeLanguage(
  ctx: Context,
  what: { subscriberId: number; language: string; actor: string },
  db: Db = ctx.db,
): Promise<boolean> {
  const now = ctx.clock.now();
  return inTransaction(db, async (tx) => {
    const person = await lockSubscriber(tx, what.subscriberId);
    if (!person || person.erasedAt || person.language === what.language) return false;
    await tx
      .updateTable('subscribers')
      .set({ language: what.language })
      .where('id', '=', person.id)
      .execute();
    await recordEvents(tx, [
      {
        subscriberId: person.id,
        kind: 'language_changed',
        before: { language: person.language },
        actor: what.actor,
        at: now,
      },
    ]);
    return true;
  });
}
