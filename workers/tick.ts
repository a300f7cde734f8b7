import { ringDuePolls } from '../src/articles/ring-due-polls.ts';
import type { Context } from '../src/context.ts';
import { lookUpLanes } from '../src/deliveries/look-up-lanes.ts';
import { ringDueEditions } from '../src/editions/ring-due-editions.ts';
import { ringDueWeeklies } from '../src/editions/ring-due-weeklies.ts';
import { remindPending } from '../src/subscribers/remind-pending.ts';

/**
 * Once a minute: rings for every slot that is near and every source that is due, reminds who has not confirmed, and learns whose
 * mailboxes new domains are. Safe to run twice.
 */
export async function tick(ctx: Context): Promise<void> {
  const polls = await ringDuePolls(ctx);
  const editions = await ringDueEditions(ctx);
  const weeklies = await ringDueWeeklies(ctx);
  const reminders = await remindPending(ctx);
  const domains = await lookUpLanes(ctx);
  ctx.log.debug({ deed: 'tick', polls, editions, weeklies, reminders, domains }, 'tick');
}
