import type { Context } from '../context.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import { shownEditions } from '../newsletters/showcase.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import { ErrorSummary, Page } from '../platform/http/layout.tsx';
import { say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame } from './page-frame.tsx';
import { type FormValues, ResendForm, SignUpForm } from './sign-up-form.tsx';

/** The hosted page of one newsletter: the form, what is wrong with it if anything is, and what there is to read first. */
export async function formPage(
  ctx: Context,
  c: PageRequest,
  about: {
    newsletter: Newsletter;
    lang: string;
    values: FormValues;
    status: 200 | 422 | 429;
    error?: string;
    doubt?: { domain: string; suggestion: string | undefined };
  },
): Promise<Response> {
  const { newsletter, lang, status, doubt } = about;
  const wordings = await currentWordings(ctx.db, newsletter, lang);
  const latest = await shownEditions(ctx.db, newsletter.id, lang);
  const error = doubt ? doubtWords(lang, doubt) : about.error;
  const values = doubt ? { ...about.values, acceptDomain: doubt.domain } : about.values;
  const headline = say(lang, 'signup.headline', { newsletter: newsletter.name });
  return c.html(
    <Page
      {...pageFrame(c, lang, newsletter)}
      title={error ? `${say(lang, 'signup.error.title')} · ${headline}` : headline}
      description={inLanguage(newsletter.promise, lang, newsletter.languages[0])}
      canonical={`${ctx.config.baseUrl}/s/${newsletter.slug}?lang=${lang}`}
      noindex={status !== 200}
    >
      {error && (
        <ErrorSummary title={say(lang, 'signup.error.title')} errors={[{ field: 'email', text: error }]} />
      )}
      {doubt && <DomainChoices {...{ newsletter, lang, values, doubt }} consentV={wordings.consentV} />}
      <SignUpForm newsletter={newsletter} lang={lang} wordings={wordings} values={values} error={error} />
      {latest[0] && (
        <p>
          <a href={latest[0].url}>{say(lang, 'signup.read_first')}</a>
        </p>
      )}
      {latest.length > 0 && (
        <section>
          <h2>{say(lang, 'signup.recently')}</h2>
          <ul>
            {latest.map((edition) => (
              <li>
                <a href={edition.url}>{edition.subject}</a>
              </li>
            ))}
          </ul>
        </section>
      )}
      {newsletter.fromName !== newsletter.name && (
        <p class="meta">{say(lang, 'signup.who', { sender: newsletter.fromName })}</p>
      )}
    </Page>,
    status,
  );
}

function doubtWords(
  lang: string,
  { domain, suggestion }: { domain: string; suggestion: string | undefined },
): string {
  return suggestion === undefined
    ? say(lang, 'signup.error.domain', { domain })
    : say(lang, 'signup.error.domain_meant', { domain, suggestion });
}

/** Both ways out as buttons: the provider that was meant, or the domain as it was typed. */
function DomainChoices(props: {
  newsletter: Newsletter;
  lang: string;
  values: FormValues;
  consentV: string;
  doubt: { domain: string; suggestion: string | undefined };
}) {
  const { newsletter, lang, values, consentV, doubt } = props;
  const action = `/s/${newsletter.slug}`;
  const local = values.email.slice(0, values.email.lastIndexOf('@'));
  return (
    <div class="actions">
      {doubt.suggestion !== undefined && (
        <ResendForm
          action={action}
          lang={lang}
          consentV={consentV}
          values={{ ...values, email: `${local}@${doubt.suggestion}`, acceptDomain: undefined }}
          button={say(lang, 'signup.error.domain_use', { suggestion: doubt.suggestion })}
        />
      )}
      <ResendForm
        action={action}
        lang={lang}
        consentV={consentV}
        values={values}
        button={say(lang, 'signup.error.domain_keep', { domain: doubt.domain })}
        quiet
      />
    </div>
  );
}
