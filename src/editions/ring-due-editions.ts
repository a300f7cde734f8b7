import type { Context } from '../context.ts';
import { slotsBetween } from '../newsletters/calendar.ts';
import { listNewsletters } from '../newsletters/find.ts';

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
      if (await isSettled(ctx, newsletter.id, slot.date)) continue;
      await ctx.queues.ring('assemble', {
        newsletterId: newsletter.id,
        kind: 'regular',
        slotDate: slot.date,
        seq: 1,
      });
      rung += 1;
    }
  }
  return rung;
}

/** Whether the slot's edition needs nobody any more, or a person. What held it before its slot is decided at the slot. */
async function isSettled(ctx: Context, newsletterId: number, slotDate: string): Promise<boolean> {
  const row = await ctx.db
    .selectFrom('editions')
    .select(['state', 'held_reason', 'slot_at', 'cutoff_at', 'touched_at'])
    .where('newsletter_id', '=', newsletterId)
    .where('kind', '=', 'regular')
    .where('slot_date', '=', slotDate)
    .where('seq', '=', 1)
    .executeTakeFirst();
  if (!row) return false;
  if (!['draft', 'ready', 'approved'].includes(row.state)) return true;
  if (row.held_reason === null || row.slot_at > ctx.clock.now()) return false;
  return row.touched_at !== null || (row.cutoff_at !== null && row.cutoff_at >= row.slot_at);
}
