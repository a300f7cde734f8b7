import { getNewsletter } from '../newsletters/find.ts';
import { showEdition } from '../newsletters/showcase.ts';
import type { Db } from '../platform/db/database.ts';
import { webUrl } from './addresses.ts';
import { findEditionById } from './find.ts';
import { variantsOf } from './variant-queries.ts';

/**
 * Puts an edition whose sending starts before those who are not subscribed yet: on its newsletter's sign-up page, in each
 * of its languages. In the transaction that starts it. Safe to run twice.
 */
export async function publishEdition(db: Db, editionId: number, baseUrl: string): Promise<void> {
  const edition = await findEditionById(db, editionId);
  if (edition?.kind !== 'regular') return;
  const newsletter = await getNewsletter(db, edition.newsletterId);
  for (const { lang, subject } of await variantsOf(db, editionId)) {
    const shown = {
      editionId,
      slotDate: edition.slotDate,
      subject,
      url: webUrl(baseUrl, newsletter, edition, lang),
    };
    await showEdition(db, { newsletterId: newsletter.id, lang }, shown);
  }
}
