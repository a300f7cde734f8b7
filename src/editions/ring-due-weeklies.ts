import type { Context } from '../context.ts';
import { addDays, localDate } from '../lib/clock-time.ts';
import { listNewsletters } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { slotOfEdition } from './slot-of-edition.ts';
import { weeklySlotAt } from './weekly-slot.ts';

/** The best of the week is put together so long before its earliest reader's hour. */
const leadMinutes = 60;
const lookBackHours = 24;

/**
 * Rings `assemble` for every weekly edition that is near: one per newsletter and weekday that someone reads weekly on, from an
 * hour before its earliest reader's hour until it is sent. Safe to run twice and by several processes: the slot is the
 * identity.
 *
 * @returns how many slots it rang for.
 */
export async function ringDueWeeklies(ctx: Context): Promise<number> {
  const now = ctx.clock.now();
  let rung = 0;
  for (const newsletter of await listNewsletters(ctx.db)) {
    if (newsletter.state === 'archived') continue;
    // A date begins in the east 14 hours before UTC, and is over in the west 12 hours after.
    for (const days of [-1, 0, 1]) {
      const slotDate = addDays(localDate(now, 'UTC'), days);
      if (!(await isNear(ctx, newsletter, slotDate))) continue;
      await ctx.queues.ring('assemble', { newsletterId: newsletter.id, kind: 'weekly', slotDate, seq: 1 });
      rung += 1;
    }
  }
  return rung;
}

async function isNear(ctx: Context, newsletter: Newsletter, slotDate: string): Promise<boolean> {
  const now = ctx.clock.now();
  const made = await slotOfEdition(ctx.db, { newsletterId: newsletter.id, kind: 'weekly', slotDate }, now);
  if (made?.settled) return false;
  const slotAt = made?.slotAt ?? (await weeklySlotAt(ctx.db, newsletter, slotDate));
  if (!slotAt || slotAt < newsletter.createdAt) return false;
  const minutes = (slotAt.getTime() - now.getTime()) / 60_000;
  return minutes <= Math.max(leadMinutes, newsletter.draftLeadMinutes) && minutes > -lookBackHours * 60;
}
