import type { Context } from '../context.ts';

const pressedTwiceMs = 60_000;

/**
 * The events of a leaving of the last minute. A button that is pressed twice leaves once, and only the second press has a page
 * that is seen: it shows what the first did, with the way back.
 *
 * @returns none when they left earlier, by another way, or not at all.
 */
export async function justLeft(
  ctx: Context,
  what: { subscriberId: number; newsletterId: number | 'all' },
): Promise<number[]> {
  const since = new Date(ctx.clock.now().getTime() - pressedTwiceMs);
  const one = what.newsletterId === 'all' ? undefined : what.newsletterId;
  const rows = await ctx.db
    .selectFrom('subscriber_events as e')
    .leftJoin('subscriptions as sc', 'sc.id', 'e.subscription_id')
    .select('e.id')
    .where('e.subscriber_id', '=', what.subscriberId)
    .where('e.kind', 'in', one === undefined ? ['unsubscribed', 'marketing_withdrawn'] : ['unsubscribed'])
    .where('e.actor', '=', 'reader')
    .where('e.at', '>', since)
    .$if(one !== undefined, (query) => query.where('sc.newsletter_id', '=', Number(one)))
    .orderBy('e.id')
    .execute();
  return rows.map(({ id }) => id);
}
