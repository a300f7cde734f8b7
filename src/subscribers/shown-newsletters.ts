import { getNewsletter, openNewsletters } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import type { Subscription } from './subscriber.ts';

/**
 * The newsletters of a reader's own page: those they have or had, private ones too, then every other one that takes readers
 * and is public. What waits for its confirmation is not among them: only the letter's link completes it.
 */
export async function shownNewsletters(
  db: Db,
  subscriptions: readonly Subscription[],
): Promise<Newsletter[]> {
  const own = subscriptions.filter((one) => one.state !== 'pending');
  const known = await Promise.all(own.map((one) => getNewsletter(db, one.newsletterId)));
  const open = await openNewsletters(db);
  const theirs = new Set(subscriptions.map((one) => one.newsletterId));
  return [...known, ...open.filter((one) => !theirs.has(one.id))];
}
