import type { Context } from '../context.ts';
import { maskAddresses } from '../lib/mask.ts';
import { inTransaction } from '../platform/db/in-transaction.ts';
import { recordEvents } from './events.ts';
import { lockSubscriber } from './queries.ts';

export const leaveReasons = ['too_many', 'not_for_me', 'never_asked', 'elsewhere', 'other'] as const;
export const saidCharsMax = 500;

/**
 * Writes down why a reader left: one answer for each leaving, the first. Nothing hangs on it, an answer of nothing is none, and
 * erasing the person erases it. Safe to run twice.
 */
export async function sayWhy(
  ctx: Context,
  why: {
    subscriberId: number;
    newsletterId: number;
    /** The last event of the leaving: what came after it is about this one. */
    lastEventId: number;
    reason: string | undefined;
    said: string | undefined;
  },
): Promise<{ kind: 'noted' | 'already' | 'nothing' }> {
  const reason = leaveReasons.find((one) => one === why.reason);
  const said = maskAddresses((why.said ?? '').replaceAll('\0', '').trim().slice(0, saidCharsMax));
  if (reason === undefined && said === '') return { kind: 'nothing' };
  const { subscriberId, newsletterId, lastEventId } = why;
  return inTransaction(ctx.db, async (tx) => {
    const person = await lockSubscriber(tx, subscriberId);
    if (!person || person.erasedAt) return { kind: 'nothing' };
    const told = await tx
      .selectFrom('subscriber_events')
      .select('id')
      .where('subscriber_id', '=', subscriberId)
      .where('kind', '=', 'said_why')
      .where('id', '>', lastEventId)
      .executeTakeFirst();
    if (told) return { kind: 'already' };
    // Without the subscription: it would be a change of it, and keep undo from putting things back.
    const before = { newsletter_id: newsletterId, reason: reason ?? null, said: said === '' ? null : said };
    await recordEvents(tx, [
      { subscriberId, kind: 'said_why', before, actor: 'reader', at: ctx.clock.now() },
    ]);
    return { kind: 'noted' };
  });
}
