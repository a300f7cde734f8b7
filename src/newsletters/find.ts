import { Refusal } from '../lib/errors.ts';
import { rowId } from '../lib/ids.ts';
import type { Db } from '../platform/db/database.ts';
import { newsletterBy } from './known-newsletters.ts';
import type { Newsletter, Publisher } from './newsletter.ts';
import { newslettersAfter, publisherRow } from './queries.ts';

/** The newsletter of a slug or a public id (`nl_3`), in whatever state; `undefined` when there is none. */
export async function findNewsletter(db: Db, slugOrId: string): Promise<Newsletter | undefined> {
  const id = rowId('newsletter', slugOrId);
  return newsletterBy(db, id === undefined ? { slug: slugOrId } : { id });
}

/** The newsletter of a row, for those who hold its number from another row. @throws Refusal 404 when it is gone. */
export async function getNewsletter(db: Db, id: number): Promise<Newsletter> {
  const newsletter = await newsletterBy(db, { id });
  if (!newsletter) throw new Refusal(404, 'no_such_newsletter', 'There is no such newsletter.');
  return newsletter;
}

/** @throws Refusal 404 when there is no such newsletter. */
export async function needNewsletter(db: Db, slugOrId: string): Promise<Newsletter> {
  const newsletter = await findNewsletter(db, slugOrId);
  if (!newsletter)
    throw new Refusal(404, 'no_such_newsletter', `There is no newsletter ${slugOrId.slice(0, 60)}.`);
  return newsletter;
}

/** What `--newsletter` means: the one named, or the only one there is. @throws Refusal 404, or 422 when it must be named. */
export async function namedOrOnlyNewsletter(db: Db, slugOrId: string | undefined): Promise<Newsletter> {
  if (slugOrId !== undefined) return needNewsletter(db, slugOrId);
  const [only, another] = await newslettersAfter(db, { after: 0, limit: 2 });
  if (only && !another) return only;
  const words = only
    ? 'There are several newsletters: name one (`newsletter`, in a terminal `--newsletter <slug>`).'
    : 'There is no newsletter yet: `dateline newsletter create` makes one.';
  throw new Refusal(422, 'newsletter_unnamed', words, 'newsletter');
}

/** More than one publisher ever has; a bound, so that no list is without one. */
const newslettersMax = 10_000;

/** All newsletters in the order of creation, or a page of them; `only` limits them to some. */
export async function listNewsletters(
  db: Db,
  page: { after?: number; limit?: number; only?: readonly number[] | undefined } = {},
): Promise<Newsletter[]> {
  return newslettersAfter(db, { after: 0, limit: newslettersMax, ...page });
}

/** The newsletters that anyone may join: public and open. */
export async function openNewsletters(db: Db): Promise<Newsletter[]> {
  return newslettersAfter(db, { after: 0, limit: newslettersMax, publicOnly: true });
}

/** The publisher of this installation; `undefined` until `dateline publisher set`. */
export async function findPublisher(db: Db): Promise<Publisher | undefined> {
  return publisherRow(db);
}
