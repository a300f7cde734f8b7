import type { Context } from '../context.ts';
import { findPublisher } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { type MessageKey, say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';

/** A page that says one thing and asks for nothing. */
export async function messagePage(
  ctx: Context,
  c: PageRequest,
  message: {
    title: MessageKey;
    detail: MessageKey;
    /** Whose page it is; else the publisher's. */
    newsletter?: Newsletter | undefined;
    lang?: string | undefined;
    status?: 200 | 409 | 410;
  },
): Promise<Response> {
  const speaker = message.newsletter ?? speakerOf(await findPublisher(ctx.db));
  const lang = pageLanguage(c, { form: message.lang, available: speaker?.languages ?? languages });
  const about = { publisher: speaker?.name ?? '' };
  const title = say(lang, message.title, about);
  return c.html(
    <Page {...pageFrame(c, lang, speaker)} languageLinks={[]} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, message.detail, about)}</p>
    </Page>,
    message.status ?? 200,
  );
}
