import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { webUrl } from './addresses.ts';
import type { Edition } from './edition.ts';
import { type EditionPage, toEditionPage } from './edition-page.ts';
import { pageOf } from './page-of.ts';
import { putPage } from './page-queries.ts';
import { digestView } from './view.ts';

/**
 * Prints the web page of an edition in one language, from its articles as they are now, as this version. In the caller's
 * transaction; printing a version again replaces it, which only a draft does.
 *
 * @returns `undefined`, with nothing printed, when there is no story to show in that language.
 */
export async function printPage(
  db: Db,
  at: {
    edition: Edition;
    newsletter: Newsletter;
    lang: string;
    baseUrl: string;
    version: number;
    now: Date;
  },
): Promise<EditionPage | undefined> {
  const { edition, newsletter, lang, baseUrl, version, now } = at;
  const content = await pageOf({ db }, edition, newsletter, lang, { whole: true });
  if (!content) return undefined;
  const url = webUrl(baseUrl, newsletter, edition, lang);
  const view = digestView({ edition, newsletter, page: content, lang, baseUrl, url });
  const page = toEditionPage(view, content);
  await putPage(db, { editionId: edition.id, lang, version, page, at: now });
  return page;
}
