import type { Context } from '../context.ts';
import { findPublisher } from '../newsletters/find.ts';
import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';

/** The same page for a link that was altered, never was, or was forgotten with its address. */
export async function unknownLinkPage(ctx: Context, c: PageRequest): Promise<Response> {
  const publisher = await findPublisher(ctx.db);
  const lang = pageLanguage(c, { available: publisher?.languages ?? languages });
  const title = say(lang, 'confirm.unknown.title');
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'confirm.unknown.detail')}</p>
      <p>
        <a class="button" href={`/s?lang=${lang}`}>
          {say(lang, 'signup.button')}
        </a>
      </p>
    </Page>,
    404,
  );
}
