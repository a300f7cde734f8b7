import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { findPublisher, getNewsletter } from '../newsletters/find.ts';
import { inLanguage, type Newsletter } from '../newsletters/newsletter.ts';
import { type GuardEnv, tokenPage } from '../platform/http/guard.ts';
import { ErrorSummary, Page } from '../platform/http/layout.tsx';
import { listOf } from '../platform/i18n/dates.ts';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { askAgain } from './ask-again.ts';
import { confirm } from './confirm.ts';
import { type Confirmation, findConfirmation } from './confirmation.ts';
import { confirmedPage } from './confirmed-page.tsx';
import { formFields } from './form-fields.ts';
import { withdrawUrl } from './links.ts';
import { messagePage } from './message-page.tsx';
import { languageQuery, type PageRequest, pageFrame, pageLanguage, speakerOf } from './page-frame.tsx';
import { selectWordings } from './sign-up-queries.ts';
import { unknownLinkPage } from './unknown-link-page.tsx';
import { voiceOf } from './voice.ts';
import { actWithdraw, withdrawPage } from './withdraw-page.tsx';

/** Where the letter's links lead. GET shows, POST acts; nothing submits itself, and no script is needed. */
export function confirmPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.use('/confirm/*', tokenPage);
  app.use('/confirmed/*', tokenPage);
  app.get('/confirm/:token', async (c) => {
    const found = await findConfirmation(ctx.db, c.req.param('token'), ctx.clock.now());
    return found.kind === 'open' ? askPage(ctx, c, found) : closedPage(ctx, c, found);
  });
  app.post('/confirm/:token', (c) => post(ctx, c, c.req.param('token')));
  app.get('/confirmed/:token', async (c) => {
    const found = await findConfirmation(ctx.db, c.req.param('token'), ctx.clock.now());
    return found.kind === 'open' ? askPage(ctx, c, found) : closedPage(ctx, c, found);
  });
  app.post('/confirm/:token/again', async (c) => {
    const found = await findConfirmation(ctx.db, c.req.param('token'), ctx.clock.now());
    if (found.kind === 'done')
      return c.redirect(`/confirmed/${c.req.param('token')}${languageQuery(c)}`, 303);
    const asked = await askAgain(ctx, { token: c.req.param('token') }, c.get('clientAddress'));
    // Nothing is on its way, so nothing says that it is; the link still stands for another try.
    if (asked.kind === 'unavailable')
      throw new Refusal(503, 'unavailable', 'A part of the service cannot be reached. Try again soon.');
    return messagePage(ctx, c, {
      title: 'signup.sent.title',
      detail: 'confirm.expired.sent',
      newsletter: await firstOf(ctx, found),
      lang: found.kind === 'unknown' ? undefined : found.signUp.lang,
    });
  });
  app.get('/confirm/:token/withdraw', (c) => withdrawPage(ctx, c, c.req.param('token')));
  app.post('/confirm/:token/withdraw', (c) => actWithdraw(ctx, c, c.req.param('token')));
  return app;
}

type Found = Exclude<Confirmation, { kind: 'unknown' }>;

async function post(ctx: Context, c: PageRequest, token: string): Promise<Response> {
  const found = await findConfirmation(ctx.db, token, ctx.clock.now());
  if (found.kind !== 'open') return closedPage(ctx, c, found);
  const fields = await formFields(c);
  // A bare POST takes what the form asked for, as the page shows it at first.
  const chosen = fields.has('chosen');
  const newsletterIds = chosen ? fields.texts('newsletter').map(Number) : found.signUp.newsletterIds;
  const marketing = chosen ? fields.has('marketing') : found.signUp.marketing;
  const outcome = await confirm(ctx, { token, newsletterIds, marketing });
  switch (outcome.kind) {
    case 'confirmed':
      return c.redirect(`/confirmed/${token}${languageQuery(c)}`, 303);
    case 'nothing_chosen':
      return askPage(ctx, c, found, { marketing });
    case 'already':
    case 'closed':
    case 'expired':
    case 'unknown':
      return closedPage(ctx, c, await findConfirmation(ctx.db, token, ctx.clock.now()));
  }
}

/**
 * One tap left: what was asked for, ticked, and one button. After a post that chose nothing the boxes stand as they were posted:
 * a consent that was just taken back is not offered as given.
 */
async function askPage(
  ctx: Context,
  c: PageRequest,
  { signUp }: Found,
  refused?: { marketing: boolean },
): Promise<Response> {
  const all = await Promise.all(signUp.newsletterIds.map((id) => getNewsletter(ctx.db, id)));
  const open = all.filter((one) => one.state === 'open');
  const [first, another] = open;
  if (!first) return closedNewsletterPage(ctx, c, all[0], signUp.lang);
  const wordings = await selectWordings(ctx.db, signUp.wordingIds);
  const marketing = signUp.marketing ? wordings.find((one) => one.purpose === 'marketing') : undefined;
  const voice = (await voiceOf(ctx, open)) ?? first;
  const lang = pageLanguage(c, { form: signUp.lang, available: voice.languages });
  const title = say(lang, 'confirm.title');
  const error = refused && say(lang, 'confirm.nothing');
  return c.html(
    <Page {...pageFrame(c, lang, voice)} title={`${title} · ${voice.name}`} noindex>
      {error && (
        <ErrorSummary
          title={say(lang, 'signup.error.title')}
          errors={[{ field: `newsletter-${first.id}`, text: error }]}
        />
      )}
      <h1>{title}</h1>
      <p class="reading">
        {another ? say(lang, 'confirm.what_several') : say(lang, 'confirm.what', { newsletter: first.name })}
      </p>
      <form method="post">
        <input type="hidden" name="chosen" value="1" />
        {open.map((newsletter) => (
          <Choice newsletter={newsletter} topics={signUp.topics} lang={lang} ticked={!refused} />
        ))}
        {marketing && (
          <p class="checkbox-row">
            <input
              id="marketing"
              name="marketing"
              type="checkbox"
              value="yes"
              checked={refused ? refused.marketing : true}
            />
            <label for="marketing" lang={marketing.lang}>
              {marketing.text}
            </label>
          </p>
        )}
        <p class="actions">
          <button type="submit">
            {another
              ? say(lang, 'confirm.button_several')
              : say(lang, 'confirm.button', { newsletter: first.name })}
          </button>
          <a
            class="button quiet"
            href={withdrawUrl(ctx.config.baseUrl, ctx.keyring, { id: signUp.id, lang }, ctx.clock.now())}
          >
            {say(lang, 'confirm.not_me')}
          </a>
        </p>
      </form>
    </Page>,
    error ? 422 : 200,
  );
}

function Choice(props: {
  newsletter: Newsletter;
  topics: readonly string[] | undefined;
  lang: string;
  ticked: boolean;
}) {
  const { newsletter, topics, lang, ticked } = props;
  const id = `newsletter-${newsletter.id}`;
  const chosen = newsletter.sections.filter(({ key }) => topics?.includes(key));
  return (
    <p class="checkbox-row">
      <input id={id} name="newsletter" type="checkbox" value={String(newsletter.id)} checked={ticked} />
      <label for={id}>
        {newsletter.name}
        {chosen.length > 0 && (
          <span class="meta">
            {' · '}
            {listOf(
              lang,
              chosen.map(({ label }) => inLanguage(label, lang, newsletter.languages[0])),
            )}
          </span>
        )}
      </label>
    </p>
  );
}

/** What a link says that is no longer open: done, ended, or not ours. */
async function closedPage(ctx: Context, c: PageRequest, found: Confirmation): Promise<Response> {
  if (found.kind === 'done') return confirmedPage(ctx, c, found);
  if (found.kind === 'unknown') return unknownLinkPage(ctx, c);
  if (found.kind === 'open') return askPage(ctx, c, found);
  const newsletter = await firstOf(ctx, found);
  const lang = pageLanguage(c, { form: found.signUp.lang, available: newsletter?.languages ?? languages });
  const title = say(lang, 'confirm.expired.title');
  return c.html(
    <Page {...pageFrame(c, lang, newsletter)} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'confirm.expired.detail')}</p>
      <form method="post" action={`/confirm/${c.req.param('token')}/again`}>
        <button type="submit">{say(lang, 'confirm.expired.again')}</button>
      </form>
    </Page>,
    410,
  );
}

async function firstOf(ctx: Context, found: Confirmation): Promise<Newsletter | undefined> {
  const id = found.kind === 'unknown' ? undefined : found.signUp.newsletterIds[0];
  return id === undefined ? undefined : getNewsletter(ctx.db, id);
}

async function closedNewsletterPage(
  ctx: Context,
  c: PageRequest,
  newsletter: Newsletter | undefined,
  asked: string,
): Promise<Response> {
  const publisher = await findPublisher(ctx.db);
  const lang = pageLanguage(c, { form: asked, available: newsletter?.languages ?? languages });
  const title = say(lang, 'confirm.closed.title', { newsletter: newsletter?.name ?? '' });
  return c.html(
    <Page {...pageFrame(c, lang, newsletter ?? speakerOf(publisher))} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'confirm.closed.detail')}</p>
      <p>
        <a href={`/s?lang=${lang}`}>{say(lang, 'signup.list.title', { publisher: publisher?.name ?? '' })}</a>
      </p>
    </Page>,
  );
}
