import type { Context } from '../context.ts';
import { archiveUrl } from '../newsletters/archive-url.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import { type ShownEdition, shownEditions } from '../newsletters/showcase.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import { ErrorSummary, Page } from '../platform/http/layout.tsx';
import { say } from '../platform/i18n/messages.ts';
import { drawnOnce } from './drawn-once.ts';
import { type PageRequest, pageFrame } from './page-frame.tsx';
import { embedScriptPath, setPolicy } from './page-policy.ts';
import { pathIn, placeOf } from './place.ts';
import { mintStillHuman } from './proof.ts';
import { DomainChoices, type DomainDoubt, doubtWords, type FormValues, SignUpForm } from './sign-up-form.tsx';
import { inSurge } from './surge.ts';

/**
 * The hosted page of one newsletter: the form, what is wrong with it if anything is, and what there is to read first. As it
 * stands before anything is typed, it is drawn once for everyone who comes by the same URL.
 */
export async function formPage(
  ctx: Context,
  c: PageRequest,
  about: {
    newsletter: Newsletter;
    lang: string;
    values: FormValues;
    status: 200 | 422 | 429;
    error?: string;
    doubt?: DomainDoubt;
  },
): Promise<Response> {
  const { newsletter, lang, status, doubt } = about;
  const now = ctx.clock.now();
  const [wordings, latest, surge] = await Promise.all([
    currentWordings(ctx.db, newsletter, lang),
    shownEditions(ctx.db, newsletter.id, lang, now),
    inSurge(ctx.db, [newsletter.id], now, { count: false }),
  ]);
  const error = doubt ? doubtWords(lang, doubt) : about.error;
  const values = doubt ? { ...about.values, acceptDomain: doubt.domain } : about.values;
  const place = placeOf(c);
  const action = pathIn(place, newsletter.slug);
  const headline = say(lang, 'signup.headline', { newsletter: newsletter.name });
  setPolicy(c, { newsletter, returnTo: values.returnTo, script: surge });
  // The token in it is good for one reader.
  if (surge) c.header('Cache-Control', 'no-store');
  // It sets headers, which every answer has, drawn or kept.
  const frame = pageFrame(c, lang, newsletter);
  const page = () => (
    <Page
      {...frame}
      title={error ? `${say(lang, 'signup.error.title')} · ${headline}` : headline}
      description={inLanguage(newsletter.promise, lang, newsletter.languages[0])}
      canonical={`${ctx.config.baseUrl}/s/${newsletter.slug}?lang=${lang}`}
      noindex={status !== 200 || place.framed}
      head={<Picture picture={latest.find((edition) => edition.picture)?.picture} />}
      script={surge ? embedScriptPath : undefined}
    >
      {error && (
        <ErrorSummary title={say(lang, 'signup.error.title')} errors={[{ field: 'email', text: error }]} />
      )}
      {doubt && <DomainChoices {...{ action, lang, values, doubt }} consentV={wordings.consentV} />}
      <SignUpForm
        {...{ newsletter, lang, action, wordings, values, error }}
        stillHuman={surge ? mintStillHuman(ctx.keyring, now, { proofNeeded: true }) : undefined}
      />
      {!place.framed && (
        <AboutNewsletter
          newsletter={newsletter}
          lang={lang}
          latest={latest}
          archive={archiveUrl(ctx.config.baseUrl, newsletter, lang)}
        />
      )}
    </Page>
  );
  if (status !== 200 || surge) return c.html(page(), status);
  const key = [lang, c.req.url, wordings.consentV, JSON.stringify(latest)].join(' ');
  return c.html(drawnOnce(newsletter, key, () => page().toString()));
}

/** What a link to the page shows where it is shared: the picture of the newest edition that has one. Nothing here loads it. */
function Picture({ picture }: { picture: ShownEdition['picture'] }) {
  if (!picture) return null;
  return (
    <>
      <meta property="og:image" content={picture.url} />
      <meta property="og:image:alt" content={picture.alt} />
      <meta name="twitter:card" content="summary_large_image" />
    </>
  );
}

/** What there is to read first, and who writes it. */
function AboutNewsletter(props: {
  newsletter: Newsletter;
  lang: string;
  latest: readonly { url: string; subject: string; subjectLang?: string }[];
  archive: string;
}) {
  const { newsletter, lang, latest, archive } = props;
  return (
    <>
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
                <a href={edition.url} lang={edition.subjectLang}>
                  {edition.subject}
                </a>
              </li>
            ))}
          </ul>
          <p>
            <a href={archive}>{say(lang, 'archive.all')}</a>
          </p>
        </section>
      )}
      {newsletter.fromName !== newsletter.name && (
        <p class="meta">{say(lang, 'signup.who', { sender: newsletter.fromName })}</p>
      )}
    </>
  );
}
