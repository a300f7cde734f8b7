import { getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { emptyShowcase, keptMax, type ShownEdition, showEdition } from '../newsletters/showcase.ts';
import type { Db } from '../platform/db/database.ts';
import { webUrl } from './addresses.ts';
import type { Edition } from './edition.ts';
import { titleLangOf } from './edition-page.ts';
import { findEditionById } from './find.ts';
import { currentPage, listedPages } from './page-queries.ts';
import { printPage } from './print-page.ts';
import { variantsOf } from './variant-queries.ts';

/**
 * Puts an edition whose sending starts before those who are not subscribed yet: on its newsletter's sign-up page, in each
 * of its languages, and makes sure that its pages are there. In the transaction that starts it. Safe to run twice.
 */
export async function publishEdition(db: Db, editionId: number, baseUrl: string): Promise<void> {
  const edition = await findEditionById(db, editionId);
  if (!edition) return;
  const newsletter = await getNewsletter(db, edition.newsletterId);
  for (const { lang, subject } of await variantsOf(db, editionId)) {
    if (!(await currentPage(db, editionId, lang))) {
      const now = edition.publishedAt ?? edition.slotAt;
      await printPage(db, { edition, newsletter, lang, baseUrl, version: 1, now });
    }
    // A weekly best-of repeats what the archive has already.
    if (edition.kind === 'weekly') continue;
    const shown = {
      editionId,
      slotDate: edition.slotDate,
      subject,
      ...appearance(edition),
      ...(await leadOf(db, editionId, lang)),
      url: webUrl(baseUrl, newsletter, edition, lang),
    };
    await showEdition(db, { newsletterId: newsletter.id, lang }, shown);
  }
}

/** Shows the sign-up page's latest editions as the archive has them now: after one was corrected, taken down or put back. */
export async function refreshShowcase(db: Db, newsletter: Newsletter, baseUrl: string): Promise<void> {
  for (const lang of newsletter.languages) {
    const latest = await listedPages(db, {
      newsletterId: newsletter.id,
      lang,
      appearedBy: undefined,
      limit: keptMax,
    });
    await emptyShowcase(db, { newsletterId: newsletter.id, lang });
    for (const one of latest) {
      const { editionId, slotDate, title: subject } = one;
      const url = webUrl(baseUrl, newsletter, one, lang);
      const lead = await leadOf(db, editionId, lang);
      const shown = { editionId, slotDate, subject, url, ...appearance(one), ...lead };
      await showEdition(db, { newsletterId: newsletter.id, lang }, shown);
    }
  }
}

/** What the page tells of its lead: the picture, and the language of a subject that is its headline in another. */
async function leadOf(
  db: Db,
  editionId: number,
  lang: string,
): Promise<Pick<ShownEdition, 'picture' | 'subjectLang'>> {
  const view = (await currentPage(db, editionId, lang))?.view;
  const image = view?.lead.image;
  const subjectLang = view && titleLangOf(view);
  return {
    ...(image ? { picture: { url: image.url, alt: image.alt } } : {}),
    ...(subjectLang ? { subjectLang } : {}),
  };
}

function appearance(one: Pick<Edition, 'archiveDelayMinutes' | 'appearsAt'>): { appearsAt?: string } {
  return one.archiveDelayMinutes > 0 && one.appearsAt ? { appearsAt: one.appearsAt.toISOString() } : {};
}
