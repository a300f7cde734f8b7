import type { Context } from '../context.ts';
import { isTimeZone } from '../lib/clock-time.ts';
import type { Db } from '../platform/db/database.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordEvents } from './events.ts';
import { lockSubscriber } from './queries.ts';

/**
 * Sets the zone in which a person's hours are meant; `undefined` is each newsletter's own. What is no zone is left alone. Safe
 * to run twice. @returns whether it changed.
 */
export function changeTimeZone(
  ctx: Context,
  what: { subscriberId: number; timeZone: string | undefined; actor: string },
  db: Db = ctx.db,
): Promise<boolean> {
  const { timeZone } = what;
  return inTransaction(db, async (tx) => {
    const person = await lockSubscriber(tx, what.subscriberId);
    if (!person || person.erasedAt || person.timeZone === timeZone) return false;
    if (timeZone !== undefined && !isTimeZone(timeZone)) return false;
    await tx
      .updateTable('subscribers')
      .set({ time_zone: timeZone ?? null })
      .where('id', '=', person.id)
      .execute();
    await recordEvents(tx, [
      {
        subscriberId: person.id,
        kind: 'time_zone_changed',
        before: { time_zone: person.timeZone ?? null },
        actor: what.actor,
        at: ctx.clock.now(),
      },
    ]);
    return true;
  });
}
