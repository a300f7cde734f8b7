import type { Context } from '../context.ts';
import { findPublisher, openNewsletters } from '../newsletters/find.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import { shownEditions } from '../newsletters/showcase.ts';
import { ErrorSummary, Page } from '../platform/http/layout.tsx';
import { listOf } from '../platform/i18n/dates.ts';
import { languageName, languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type PageRequest, pageFrame, pageLanguage, SmallPrint, speakerOf } from './page-frame.tsx';
import { setPolicy } from './page-policy.ts';
import {
  DomainChoices,
  type DomainDoubt,
  doubtWords,
  EmailField,
  emptyValues,
  type FormValues,
  HiddenFields,
  Honeypot,
  MarketingBox,
} from './sign-up-form.tsx';

/**
 * All newsletters that are open, in one form: one confirmation for those that are ticked, and none is ticked by us unless the
 * address names it. Also what a name leads to that is none, or none any more: what was typed stays.
 */
export async function listPage(
  ctx: Context,
  c: PageRequest,
  about: {
    status: 200 | 404 | 422 | 429;
    values?: FormValues;
    /** The field at fault is the address, unless nothing was chosen. */
    error?: { field: 'email' | 'newsletters'; text: string };
    doubt?: DomainDoubt;
    lang?: string | undefined;
  },
): Promise<Response> {
  const { status, values = { ...emptyValues, src: 'hosted-list' }, doubt } = about;
  const [publisher, open] = await Promise.all([findPublisher(ctx.db), openNewsletters(ctx.db)]);
  const lang = pageLanguage(c, { form: about.lang, available: publisher?.languages ?? languages });
  const listTitle = publisher
    ? say(lang, 'signup.list.title', { publisher: publisher.name })
    : say(lang, 'signup.list.choose');
  const title = status === 404 ? say(lang, 'signup.missing.title') : listTitle;
  const error = doubt ? { field: 'email' as const, text: doubtWords(lang, doubt) } : about.error;
  const ticked = values.newsletters ?? c.req.queries('pick') ?? [];
  const kept = { ...values, newsletters: ticked, ...(doubt ? { acceptDomain: doubt.domain } : {}) };
  const now = ctx.clock.now();
  const latest = await Promise.all(open.map((one) => shownEditions(ctx.db, one.id, lang, now)));
  c.header('Vary', 'Accept-Language', { append: true });
  setPolicy(c, { returnTo: values.returnTo });
  return c.html(
    <Page
      {...pageFrame(c, lang, speakerOf(publisher))}
      title={error ? `${say(lang, 'signup.error.title')} · ${title}` : title}
      canonical={status === 200 ? `${ctx.config.baseUrl}/s?lang=${lang}` : undefined}
      noindex={status !== 200}
    >
      {error && (
        <ErrorSummary
          title={say(lang, 'signup.error.title')}
          errors={[{ field: error.field === 'email' ? 'email' : `pick-${open[0]?.slug}`, text: error.text }]}
        />
      )}
      {doubt && <DomainChoices {...{ lang, doubt }} action="/s" values={kept} consentV={undefined} />}
      <h1>{title}</h1>
      <p class="reading">
        {open.length === 0
          ? say(lang, 'signup.list.none')
          : status === 404
            ? say(lang, 'signup.missing.detail')
            : say(lang, 'signup.list.detail')}
      </p>
      {open.length > 0 && (
        <form method="post" action="/s" class="sign-up-list">
          <fieldset
            class="field"
            aria-describedby={error?.field === 'newsletters' ? 'newsletters-error' : undefined}
          >
            <legend>{say(lang, 'signup.list.choose')}</legend>
            {error?.field === 'newsletters' && (
              <p class="error" id="newsletters-error">
                {error.text}
              </p>
            )}
            {open.map((newsletter, at) => (
              <Card
                {...{ newsletter, lang }}
                ticked={ticked.includes(newsletter.slug)}
                latestUrl={latest[at]?.[0]?.url}
              />
            ))}
          </fieldset>
          <div class="field">
            <EmailField
              lang={lang}
              value={values.email}
              error={error?.field === 'email' ? error.text : undefined}
            />
          </div>
          <p class="checkbox-row">
            <MarketingBox
              text={say(lang, 'signup.marketing', { publisher: publisher?.name ?? '' })}
              ticked={values.marketing}
            />
          </p>
          <Honeypot lang={lang} />
          <HiddenFields lang={lang} consentV={undefined} values={kept} />
          <button type="submit">{say(lang, 'signup.button')}</button>
          <SmallPrint lang={lang} privacyUrl={publisher?.privacyUrl ?? ''} />
        </form>
      )}
    </Page>,
    status,
  );
}

/** One newsletter as something to tick: what it is, how often it comes, in which languages. */
function Card(props: {
  newsletter: Newsletter;
  lang: string;
  ticked: boolean;
  latestUrl: string | undefined;
}) {
  const { newsletter, lang, ticked, latestUrl } = props;
  const id = `pick-${newsletter.slug}`;
  const spoken = newsletter.languages.map((one) => languageName(one));
  return (
    <div class="checkbox-row">
      <input id={id} name="newsletter" type="checkbox" value={newsletter.slug} checked={ticked} />
      <label for={id}>{newsletter.name}</label>
      <p lang={newsletter.languages.includes(lang) ? undefined : newsletter.languages[0]}>
        {inLanguage(newsletter.promise, lang, newsletter.languages[0])}
      </p>
      <p class="meta">
        {listOf(lang, spoken)}
        {' · '}
        <a href={latestUrl ?? `/s/${newsletter.slug}?lang=${lang}`}>
          {latestUrl
            ? say(lang, 'signup.list.latest', { newsletter: newsletter.name })
            : say(lang, 'signup.list.about', { newsletter: newsletter.name })}
        </a>
      </p>
    </div>
  );
}
