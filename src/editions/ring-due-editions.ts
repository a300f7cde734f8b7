import type { Context } from '../context.ts';
import { slotsBetween } from '../newsletters/calendar.ts';
import { listNewsletters } from '../newsletters/find.ts';
import { slotOfEdition } from './slot-of-edition.ts';

/** A slot that was missed longer ago than this is not made up for. */
const lookBackHours = 24;

/**
 * Rings `assemble` for every slot that is near: from its newsletter's lead time before it until it is sent, every minute, so
 * that the draft keeps up with the news and the slot itself is met. A slot missed within the last day is rung too; the
 * launch then decides whether it is late or held. Safe to run twice and by several processes: the slot is the identity.
 *
 * @returns how many slots it rang for.
 */
export async function ringDueEditions(ctx: Context): Promise<number> {
  const now = ctx.clock.now();
  let rung = 0;
  for (const newsletter of await listNewsletters(ctx.db)) {
    if (newsletter.state === 'archived') continue;
    const from = new Date(
      Math.max(now.getTime() - lookBackHours * 3_600_000, newsletter.createdAt.getTime()),
    );
    const to = new Date(now.getTime() + newsletter.draftLeadMinutes * 60_000);
    for (const slot of slotsBetween(newsletter.calendar, newsletter.timeZone, from, to)) {
      const which = { newsletterId: newsletter.id, kind: 'regular' as const, slotDate: slot.date };
      if ((await slotOfEdition(ctx.db, which, now))?.settled) continue;
      await ctx.queues.ring('assemble', { ...which, seq: 1 });
      rung += 1;
    }
  }
  return rung;
}
