import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type Rendered, render } from './compose.ts';
import type { Edition } from './edition.ts';

/**
 * How an edition reads in one language, rendered by what the sender calls; nothing is stored or sent.
 *
 * @throws Refusal 422 for a language the newsletter lacks, 409 when there is no story to show.
 */
export async function preview(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; lang?: string | undefined },
): Promise<Rendered> {
  const { edition, newsletter } = at;
  const lang = at.lang ?? newsletter.languages[0] ?? 'en';
  if (!newsletter.languages.includes(lang)) {
    throw new Refusal(422, 'no_such_language', `${newsletter.name} has no language ${lang}.`, 'lang');
  }
  const rendered = await render(ctx, { edition, newsletter, lang });
  if (!rendered) throw new Refusal(409, 'not_ready', 'The edition has no story to show.');
  return rendered;
}
