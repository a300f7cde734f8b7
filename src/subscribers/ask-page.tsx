import type { Context } from '../context.ts';
import { findPublisher } from '../newsletters/find.ts';
import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { type MessageKey, say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';

/** A page that says what its one button will do; looking at it does nothing, and nothing presses it by itself. */
export async function askPage(
  ctx: Context,
  c: PageRequest,
  words: { title: MessageKey; detail: MessageKey; button: MessageKey },
): Promise<Response> {
  const publisher = await findPublisher(ctx.db);
  const lang = pageLanguage(c, { available: publisher?.languages ?? languages });
  const about = { publisher: publisher?.name ?? '' };
  const title = say(lang, words.title, about);
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, words.detail, about)}</p>
      <form method="post" action={`${c.req.path}?lang=${lang}`}>
        <button type="submit">{say(lang, words.button, about)}</button>
      </form>
    </Page>,
  );
}
