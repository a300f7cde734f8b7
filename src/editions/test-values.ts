import type { Context } from '../context.ts';
import { maskAddress } from '../lib/mask.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { plainDate } from '../platform/i18n/dates.ts';

/** What stands in a reader's places when there is no reader: the links lead to a page that says it was a test. */
export function testValues(
  ctx: Context,
  { newsletter, lang, email }: { newsletter: Newsletter; lang: string; email: string },
) {
  const { baseUrl } = ctx.config;
  return {
    masked_address: maskAddress(email),
    signed_up_on: plainDate(lang, ctx.clock.now(), newsletter.timeZone),
    unsubscribe_url: `${baseUrl}/u/test`,
    manage_url: `${baseUrl}/m/test`,
    unsubscribe_mail: newsletter.replyTo,
  };
}

/** A rendered part as a person of the house reads it in a preview, addressed to the newsletter itself. */
export function asPreviewed(
  ctx: Context,
  part: string,
  { newsletter, lang }: { newsletter: Newsletter; lang: string },
): string {
  const values = testValues(ctx, { newsletter, lang, email: newsletter.replyTo });
  return Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(`[[${name}]]`, () => value),
    part,
  );
}
