import { findPublisher } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { say } from '../platform/i18n/messages.ts';

/** What a reader looks for in the inbox. */
export interface ExpectedLetter {
  from: string;
  fromEmail: string;
  subject: string;
}

/** The confirmation as it will look in the inbox: of one newsletter its own, of several the publisher's. */
export async function expectedLetter(
  db: Db,
  newsletters: readonly Newsletter[],
  lang: string,
): Promise<ExpectedLetter> {
  const [only, another] = newsletters;
  if (only && !another) {
    const subject = say(lang, 'letter.confirmation.subject', { newsletter: only.name });
    return { from: only.fromName, fromEmail: only.fromEmail, subject };
  }
  const publisher = await findPublisher(db);
  const subject = say(lang, 'letter.confirmation.subject_several', { publisher: publisher?.name ?? '' });
  return { from: publisher?.fromName ?? '', fromEmail: publisher?.fromEmail ?? '', subject };
}
