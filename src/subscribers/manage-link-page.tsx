import type { Context } from '../context.ts';
import { findPublisher } from '../newsletters/find.ts';
import { ErrorSummary, Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { EmailInput } from './email-input.tsx';
import { type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';

/**
 * Asks for the address that a link to the reader's own page is to be mailed to; also what a link that is wrong or has ended
 * leads to. Whether the address is known is never told.
 */
export async function askForLinkPage(
  ctx: Context,
  c: PageRequest,
  about: {
    status: 200 | 404 | 410 | 422 | 429 | 503;
    title: 'manage.ask.title' | 'manage.expired.title' | 'unsubscribe.unknown.title';
    email?: string | undefined;
    error?: string | undefined;
    lang?: string | undefined;
  },
): Promise<Response> {
  // Without the database the page is drawn all the same: what was typed must not be lost.
  const publisher = about.status === 503 ? undefined : await findPublisher(ctx.db);
  const lang = pageLanguage(c, { form: about.lang, available: publisher?.languages ?? languages });
  const title = say(lang, about.title);
  const { error } = about;
  const detail = about.title === 'manage.ask.title' ? 'manage.ask.detail' : 'unsubscribe.unknown.detail';
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} noindex>
      {error && (
        <ErrorSummary title={say(lang, 'signup.error.title')} errors={[{ field: 'email', text: error }]} />
      )}
      <h1>{title}</h1>
      <p class="reading">{say(lang, detail)}</p>
      <form method="post" action="/m">
        <input type="hidden" name="lang" value={lang} />
        <p class="field">
          <label for="email">{say(lang, 'signup.email')}</label>
          <EmailInput id="email" value={about.email ?? ''} error={error} />
          {error && (
            <span class="error" id="email-error">
              {error}
            </span>
          )}
        </p>
        <button type="submit">{say(lang, 'manage.ask.button')}</button>
      </form>
    </Page>,
    about.status,
  );
}
