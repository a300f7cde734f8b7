import type { Context } from '../context.ts';
import { type PublisherDocument, publisherDocument } from './document.ts';
import { findPublisher, listNewsletters } from './find.ts';
import type { Publisher } from './newsletter.ts';
import { upsertPublisher } from './queries.ts';
import { readDocument } from './read-document.ts';
import { publisherToDocument } from './to-document.ts';
import { renewWordings } from './wordings.ts';

/**
 * Says who publishes, or changes it: what is left out stays as it was; the sender's name is the publisher's until it is set.
 * The publisher's name stands in every form, so a new one gives every newsletter new wordings. Safe to run twice.
 *
 * @throws Refusal 422 naming the field; the first time, what is missing.
 */
export async function setPublisher(ctx: Context, change: Partial<PublisherDocument>): Promise<Publisher> {
  const publisher = await ctx.db.transaction().execute(async (tx) => {
    const before = await findPublisher(tx);
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const document = readDocument(publisherDocument, {
      ...(before ? publisherToDocument(before) : defaultsOf(change)),
      ...given,
    });
    await upsertPublisher(tx, {
      name: document.name,
      legalName: document.legal_name,
      postalAddress: document.postal_address,
      privacyUrl: document.privacy_url,
      fromName: document.from_name,
      fromEmail: document.from_email,
      languages: document.languages,
      timeZone: document.time_zone,
    });
    for (const newsletter of await listNewsletters(tx)) await renewWordings(tx, newsletter, ctx.clock.now());
    return findPublisher(tx);
  });
  if (!publisher) throw new Error('the publisher is gone while it is being set');
  ctx.log.info({ deed: 'set-publisher' }, 'publisher set');
  return publisher;
}

function defaultsOf({ name }: Partial<PublisherDocument>): Partial<PublisherDocument> {
  return {
    ...(name === undefined ? {} : { from_name: name, legal_name: name }),
    languages: ['en'],
    time_zone: 'UTC',
  };
}
