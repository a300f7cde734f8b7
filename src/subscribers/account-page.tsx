import type { Context } from '../context.ts';
import { findPublisher } from '../newsletters/find.ts';
import { ErrorSummary, Page } from '../platform/http/layout.tsx';
import { clockTime, plainDate } from '../platform/i18n/dates.ts';
import { languages } from '../platform/i18n/languages.ts';
import { type MessageKey, say } from '../platform/i18n/messages.ts';
import { EmailInput } from './email-input.tsx';
import { type HistoryEntry, historyOf } from './history.ts';
import { type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';
import { selectSubscriber } from './queries.ts';

/** What an open account shows: the whole address, what can be done with it, and everything that has happened. */
export async function accountPage(
  ctx: Context,
  c: PageRequest,
  subscriberId: number,
  wrong?: { email: string; error: (lang: string) => string },
): Promise<Response> {
  const [person, publisher, history] = await Promise.all([
    selectSubscriber(ctx.db, { id: subscriberId }),
    findPublisher(ctx.db),
    historyOf(ctx.db, subscriberId),
  ]);
  const lang = pageLanguage(c, { setting: person?.language, available: publisher?.languages ?? languages });
  const title = say(lang, 'account.title');
  const error = wrong?.error(lang);
  const asked = c.req.query('asked');
  // Named, since who was erased has no language of their own any more.
  const action = `/m/account?lang=${lang}`;
  return c.html(
    <Page {...pageFrame(c, lang, speakerOf(publisher))} title={title} noindex>
      {error && (
        <ErrorSummary
          title={say(lang, 'signup.error.title')}
          errors={[{ field: 'new-email', text: error }]}
        />
      )}
      {(asked === 'email' || asked === 'data') && (
        <p class="status good" role="status">
          {say(lang, `account.${asked}.asked`)}
        </p>
      )}
      <h1>{title}</h1>
      <p class="whole-address">{say(lang, 'account.for', { address: person?.email ?? '' })}</p>
      <section id="email" class="part">
        <h2>{say(lang, 'account.email.title')}</h2>
        <p class="reading">{say(lang, 'account.email.detail')}</p>
        <form method="post" action={action}>
          <input type="hidden" name="act" value="email" />
          <p class="field">
            <label for="new-email">{say(lang, 'account.email.new')}</label>
            <EmailInput id="new-email" value={wrong?.email ?? ''} error={error} />
            {error && (
              <span class="error" id="new-email-error">
                {error}
              </span>
            )}
          </p>
          <button type="submit">{say(lang, 'account.email.button')}</button>
        </form>
      </section>
      <section id="data" class="part">
        <h2>{say(lang, 'account.data.title')}</h2>
        <p class="reading">{say(lang, 'account.data.detail')}</p>
        <form method="post" action={action}>
          <input type="hidden" name="act" value="data" />
          <button type="submit">{say(lang, 'account.data.button')}</button>
        </form>
      </section>
      <History lang={lang} entries={history} zone={person?.timeZone ?? publisher?.timeZone ?? 'UTC'} />
      <section id="erase" class="part">
        <h2>{say(lang, 'account.erase.title')}</h2>
        <p class="reading">{say(lang, 'account.erase.detail')}</p>
        <p class="reading">{say(lang, 'account.erase.keep')}</p>
        <form method="post" action={action}>
          <input type="hidden" name="act" value="erase" />
          <p class="checkbox-row">
            <input id="forget" name="forget" type="checkbox" value="yes" />
            <label for="forget">{say(lang, 'account.erase.forget')}</label>
          </p>
          <button type="submit" class="danger">
            {say(lang, 'account.erase.button')}
          </button>
        </form>
      </section>
      <hr class="hairline" />
      <form method="post" action={action}>
        <input type="hidden" name="act" value="close" />
        <button type="submit" class="quiet">
          {say(lang, 'account.close')}
        </button>
      </form>
    </Page>,
    error ? 422 : 200,
  );
}

function History(props: { lang: string; entries: readonly HistoryEntry[]; zone: string }) {
  const { lang, entries, zone } = props;
  return (
    <section id="history" class="part">
      <h2 id="history-title">{say(lang, 'account.history.title')}</h2>
      <ul aria-labelledby="history-title" class="history">
        {entries.map(({ at, kind, newsletter }) => (
          <li>
            <time datetime={at.toISOString()} class="meta">
              {plainDate(lang, at, zone)}, {clockTime(lang, at, zone)}
            </time>
            <br />
            {say(lang, `event.${kind}` as MessageKey, { newsletter })}
          </li>
        ))}
      </ul>
    </section>
  );
}
