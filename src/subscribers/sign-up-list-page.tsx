import type { Context } from '../context.ts';
import { findPublisher, openNewsletters } from '../newsletters/find.ts';
import { inLanguage } from '../newsletters/newsletter.ts';
import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';

/** All that is open, for `/s` and for a name that is not, or no longer, one. */
export async function listPage(ctx: Context, c: PageRequest, status: 200 | 404): Promise<Response> {
  const [publisher, open] = await Promise.all([findPublisher(ctx.db), openNewsletters(ctx.db)]);
  const lang = pageLanguage(c, { available: publisher?.languages ?? languages });
  const title =
    status === 404
      ? say(lang, 'signup.missing.title')
      : say(lang, 'signup.list.title', { publisher: publisher?.name ?? '' });
  c.header('Vary', 'Accept-Language');
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} noindex={status === 404}>
      <h1>{title}</h1>
      <p class="reading">
        {open.length === 0
          ? say(lang, 'signup.list.none')
          : status === 404
            ? say(lang, 'signup.missing.detail')
            : say(lang, 'signup.list.detail')}
      </p>
      {open.map((newsletter) => (
        <section>
          <h2>
            <a href={`/s/${newsletter.slug}?lang=${lang}`}>{newsletter.name}</a>
          </h2>
          <p>{inLanguage(newsletter.promise, lang, newsletter.languages[0])}</p>
        </section>
      ))}
    </Page>,
    status,
  );
}
