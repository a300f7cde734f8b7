import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';

/** The same button while the database is away: the link alone says who leaves what, and its name cannot be read now. */
export function leaveAwayPage(c: PageRequest): Response | Promise<Response> {
  const lang = pageLanguage(c, { available: languages });
  const title = say(lang, 'unsubscribe.away.title');
  return c.html(
    <Page {...pageFrame(c, lang, undefined)} title={title} noindex>
      <h1>{title}</h1>
      <form method="post" action={c.req.path}>
        <input type="hidden" name="act" value="leave" />
        <input type="hidden" name="lang" value={lang} />
        <button type="submit">{say(lang, 'unsubscribe.button')}</button>
      </form>
    </Page>,
  );
}

/** It is on disk, and outlives a power cut. */
export function leftAwayPage(c: PageRequest, asked: string | undefined): Response | Promise<Response> {
  const lang = pageLanguage(c, { form: asked, available: languages });
  const title = say(lang, 'unsubscribe.away.done');
  return c.html(
    <Page {...pageFrame(c, lang, undefined)} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'unsubscribe.away.done_detail')}</p>
    </Page>,
  );
}
