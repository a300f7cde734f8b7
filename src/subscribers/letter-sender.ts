import { findPublisher, getNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import type { Publisher as PublisherView } from '../platform/render/views.ts';

/** In whose name a letter goes out. */
export interface LetterSender {
  newsletters: Newsletter[];
  /** The newsletter's name, or the publisher's when the letter is about several or none. */
  name: string;
  publisherName: string;
  from: { name: string; address: string };
  replyTo: string;
  privacyUrl: string;
  timeZone: string;
  footer: PublisherView;
}

/**
 * A letter about one newsletter comes from that newsletter, one about several or none from the publisher.
 *
 * @throws Error when the installation has no publisher yet.
 */
export async function letterSender(db: Db, newsletterIds: readonly number[]): Promise<LetterSender> {
  const found = await Promise.all(newsletterIds.map((id) => getNewsletter(db, id)));
  const newsletters = found.filter((one) => one !== undefined);
  const [only, another] = newsletters;
  if (only && !another) {
    return {
      newsletters,
      name: only.name,
      publisherName: only.publisherName,
      from: { name: only.fromName, address: only.fromEmail },
      replyTo: only.replyTo,
      privacyUrl: only.privacyUrl,
      timeZone: only.timeZone,
      footer: { legalName: only.legalName, postalAddress: only.postalAddress, contact: only.replyTo },
    };
  }
  const publisher = await findPublisher(db);
  if (!publisher) throw new Error('a letter needs a sender: dateline publisher set');
  return {
    newsletters,
    name: publisher.name,
    publisherName: publisher.name,
    from: { name: publisher.fromName, address: publisher.fromEmail },
    replyTo: publisher.fromEmail,
    privacyUrl: publisher.privacyUrl,
    timeZone: publisher.timeZone,
    footer: {
      legalName: publisher.legalName,
      postalAddress: publisher.postalAddress,
      contact: publisher.fromEmail,
    },
  };
}
