import type { Newsletter } from '../newsletters/newsletter.ts';
import { say } from '../platform/i18n/messages.ts';
import type { BulkFooter } from '../platform/render/views.ts';

/** The end of every mail that can be left: why it came, the ways to change that, and who sends it from where. */
export function bulkFooter(newsletter: Newsletter, lang: string): BulkFooter {
  return {
    why: say(lang, 'digest.why'),
    manage: { label: say(lang, 'digest.manage') },
    unsubscribe: { label: say(lang, 'digest.unsubscribe') },
    privacy: { label: say(lang, 'digest.privacy'), url: newsletter.privacyUrl },
    legalName: newsletter.legalName,
    postalAddress: newsletter.postalAddress,
    contact: newsletter.replyTo,
  };
}
