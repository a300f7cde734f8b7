import type { Context } from '../context.ts';

export interface EditionsRescued {
  /** Editions whose `start-send` bell was rung again. */
  started: number;
}

/** Rings again for editions that stand at their start with nobody coming. Safe to run twice. */
export async function rescueEditions(ctx: Context): Promise<EditionsRescued> {
  const waiting = await ctx.db
    .selectFrom('editions')
    .select('id')
    .where('state', '=', 'scheduled')
    .where('slot_at', '<=', ctx.clock.now())
    .orderBy('id')
    .limit(100)
    .execute();
  for (const { id } of waiting) await ctx.queues.ring('start-send', { editionId: id });
  return { started: waiting.length };
}
