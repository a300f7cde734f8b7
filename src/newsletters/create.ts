import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { type NewsletterInput, newsletterDocument } from './document.ts';
import { findPublisher, getNewsletter } from './find.ts';
import type { Newsletter } from './newsletter.ts';
import { insertNewsletter, replaceSections } from './queries.ts';
import { readDocument } from './read-document.ts';
import { refuseBadSlug } from './slug.ts';
import { fromDocument } from './to-document.ts';
import { renewWordings } from './wordings.ts';

/**
 * Creates a newsletter with its sections and the first wordings of its forms. What the document leaves out comes from the
 * publisher and from the defaults.
 *
 * @throws Refusal 422 naming the field, 409 `slug_taken` (so a repeated create changes nothing), 409 `no_publisher`.
 */
export async function createNewsletter(ctx: Context, input: NewsletterInput): Promise<Newsletter> {
  const document = readDocument(newsletterDocument, input);
  refuseBadSlug(document.slug);
  const now = ctx.clock.now();
  const newsletter = await ctx.db.transaction().execute(async (tx) => {
    const publisher = await findPublisher(tx);
    if (!publisher) {
      throw new Refusal(409, 'no_publisher', 'Say first who publishes: dateline publisher set');
    }
    const id = await insertNewsletter(tx, fromDocument(document, publisher), now);
    if (id === undefined) {
      throw new Refusal(409, 'slug_taken', `There is already a newsletter ${document.slug}.`, 'slug');
    }
    await replaceSections(tx, id, document.sections);
    const created = await getNewsletter(tx, id);
    if (!created) throw new Error(`newsletter ${id} is gone while it is being created`);
    await renewWordings(tx, created, now);
    return created;
  });
  ctx.log.info({ deed: 'create-newsletter', newsletterId: newsletter.id, slug: newsletter.slug }, 'created');
  return newsletter;
}
