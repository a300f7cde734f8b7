import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { findNewsletter, findPublisher } from '../newsletters/find.ts';
import { lastReadNewsletter } from '../newsletters/known-newsletters.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { wantsJson } from '../platform/http/answer.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { unreachable } from '../platform/http/world-errors.ts';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { expectedLetter } from './expected-letter.ts';
import { type FormFields, formFields } from './form-fields.ts';
import { inTime, Late } from './in-time.ts';
import { listedOrigin } from './listed-origin.ts';
import { mailboxOf } from './mailbox-links.ts';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';
import { setPolicy } from './page-policy.ts';
import { pathIn, placeOf } from './place.ts';
import { returnTo } from './return-to.ts';
import { sealSent } from './sent-token.ts';
import { type Accepted, type SignUpOutcome, signUp } from './sign-up.ts';
import { emptyValues, type FormValues } from './sign-up-form.tsx';
import { formPage } from './sign-up-form-page.tsx';
import { allowOrigin, answerPreflight, answerSignUpAsJson } from './sign-up-json.ts';
import { listPage } from './sign-up-list-page.tsx';
import { stepPage, unavailablePage } from './sign-up-step-pages.tsx';

/** The hosted sign-up pages, and where every box posts to: one newsletter, several, and the form in a frame. */
export function signUpPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.get('/s', (c) => listPage(ctx, c, { status: 200 }));
  app.post('/s', (c) => post(ctx, c, undefined));
  app.options('/s', async (c) => answerPreflight(c, ctx, await listedOrigin(ctx.db, c.req.header('Origin'))));
  app.options('/s/:slug', async (c) => {
    const newsletter = await joinable(ctx, c.req.param('slug'));
    return answerPreflight(c, ctx, newsletter?.allowedOrigins ?? []);
  });
  for (const path of ['/s/:slug', '/embed/:slug']) {
    app.get(path, async (c) => {
      const newsletter = await joinable(ctx, c.req.param('slug'));
      if (!newsletter) return notJoinable(ctx, c);
      const lang = pageLanguage(c, { available: newsletter.languages });
      c.header('Vary', 'Accept-Language');
      const src = placeOf(c).framed ? (c.req.query('src') ?? 'frame') : emptyValues.src;
      const values = { ...emptyValues, src, topics: c.req.query('topics') };
      return formPage(ctx, c, { newsletter, lang, values, status: 200 });
    });
    app.post(path, (c) => post(ctx, c, c.req.param('slug')));
  }
  return app;
}

/** A frame on a publisher's page says that the newsletter is closed; anywhere else there are others to choose. */
async function notJoinable(ctx: Context, c: PageRequest): Promise<Response> {
  const slug = c.req.param('slug') ?? '';
  const closed = placeOf(c).framed ? await findNewsletter(ctx.db, slug) : undefined;
  if (closed?.visibility !== 'public' || closed.slug !== slug) return listPage(ctx, c, { status: 404 });
  const lang = pageLanguage(c, { available: closed.languages });
  const title = say(lang, 'signup.closed', { newsletter: closed.name });
  setPolicy(c, { newsletter: closed });
  return c.html(
    <Page {...pageFrame(c, lang, closed)} title={title} noindex>
      <p class="reading">{title}</p>
      <p>
        <a href={`${ctx.config.baseUrl}/s?lang=${lang}`} target="_top">
          {say(lang, 'signup.list.title', { publisher: closed.publisherName })}
        </a>
      </p>
    </Page>,
    404,
  );
}

async function joinable(ctx: Context, slug: string | undefined): Promise<Newsletter | undefined> {
  return slug === undefined ? undefined : ifJoinable(await findNewsletter(ctx.db, slug), slug);
}

function ifJoinable(newsletter: Newsletter | undefined, slug: string): Newsletter | undefined {
  return newsletter?.state === 'open' && newsletter.visibility === 'public' && newsletter.slug === slug
    ? newsletter
    : undefined;
}

/** `slug` names the newsletter of the path; without it the form's boxes do. */
async function post(ctx: Context, c: PageRequest, slug: string | undefined): Promise<Response> {
  const fields = await formFields(c);
  const scripted = wantsJson(c);
  const chosen = slug === undefined ? fields.texts('newsletter') : undefined;
  const values: FormValues = {
    email: fields.text('email') ?? '',
    marketing: fields.has('marketing'),
    src: fields.text('src') ?? 'unnamed',
    returnTo: fields.text('return_to'),
    topics: fields.text('topics'),
    acceptDomain: fields.text('accept_domain'),
    newsletters: chosen,
  };
  const outcome = await signUp(
    ctx,
    {
      email: values.email,
      newsletters: chosen ?? [slug ?? ''],
      marketing: values.marketing,
      consentVersion: fields.texts('consent_v').filter((version) => version !== ''),
      topics: values.topics?.split(','),
      lang: fields.text('lang'),
      form: values.src,
      page: (scripted ? fields.text('page') : undefined) ?? c.req.header('Referer') ?? c.req.header('Origin'),
      honeypot: fields.text('website'),
      acceptDomain: values.acceptDomain,
      stillHuman: fields.text('still_human'),
      // Empty where no script ran.
      proof: fields.text('proof') || undefined,
    },
    {
      clientAddress: c.get('clientAddress'),
      userAgent: c.req.header('User-Agent'),
      origin: c.req.header('Origin'),
      scripted,
    },
  );
  if (!scripted) return answerAsPage(ctx, c, { slug, fields, values, outcome });
  const origins = outcome.kind === 'unavailable' ? [] : await readers(ctx, c, slug);
  allowOrigin(c, ctx, origins);
  return answerSignUpAsJson(ctx, c, outcome);
}

/** Whose scripts may read the answer. */
async function readers(ctx: Context, c: PageRequest, slug: string | undefined): Promise<readonly string[]> {
  if (slug === undefined) return listedOrigin(ctx.db, c.req.header('Origin'));
  return (await joinable(ctx, slug))?.allowedOrigins ?? [];
}

interface Posted {
  slug: string | undefined;
  fields: FormFields;
  values: FormValues;
  outcome: SignUpOutcome;
}

async function answerAsPage(ctx: Context, c: PageRequest, posted: Posted): Promise<Response> {
  const { slug, fields, values, outcome } = posted;
  const place = placeOf(c);
  const action = slug === undefined ? '/s' : pathIn(place, slug);
  c.header('Cache-Control', 'no-store');
  if (outcome.kind === 'unavailable') {
    const newsletter = place.framed ? await framedNow(ctx, slug) : undefined;
    return unavailablePage(c, { action, fields, values, newsletter });
  }
  const [first] = values.newsletters ?? [];
  const newsletter = await answeredFor(ctx, outcome, slug ?? first);
  const asked = fields.text('lang');
  if (outcome.kind === 'nothing_chosen') {
    const lang = pageLanguage(c, { form: asked, available: languages });
    const error = { field: 'newsletters' as const, text: say(lang, 'signup.error.nothing') };
    return listPage(ctx, c, { status: 422, values, error, lang: asked });
  }
  if (!newsletter || outcome.kind === 'no_newsletter')
    return listPage(ctx, c, { status: 404, values, lang: asked });
  // The page of all newsletters is the publisher's, whichever comes first of those that were ticked.
  const voice = slug === undefined ? ((await findPublisher(ctx.db)) ?? newsletter) : newsletter;
  const lang = pageLanguage(c, { form: asked, available: voice.languages });
  /** The form again, filled, with what is wrong. */
  const again = (
    status: 422 | 429,
    wrong: Pick<Parameters<typeof formPage>[2], 'error' | 'doubt'>,
    kept = values,
  ) => {
    if (slug !== undefined) return formPage(ctx, c, { newsletter, lang, values: kept, status, ...wrong });
    const { error, ...doubt } = wrong;
    const fault = error === undefined ? {} : { error: { field: 'email' as const, text: error } };
    return listPage(ctx, c, { status, values: kept, lang: asked, ...doubt, ...fault });
  };
  switch (outcome.kind) {
    case 'accepted':
      return c.redirect(
        returnTo(values.returnTo, newsletter.returnTo) ??
          pathIn(place, newsletter.slug, '/sent', { t: await sealed(ctx, outcome) }),
        303,
      );
    case 'origin_not_allowed':
      return c.redirect(slug === undefined ? `/s?lang=${lang}` : pathIn(place, slug, '', { lang }), 303);
    case 'invalid_email':
      return again(422, { error: say(lang, 'signup.error.email') });
    case 'disposable':
      return again(422, { error: say(lang, 'signup.error.disposable') });
    case 'unknown_wording':
      return again(422, { error: say(lang, 'signup.error.wording') }, { ...values, marketing: false });
    case 'unlikely_domain':
      return again(422, { doubt: outcome });
    case 'one_more_step':
    case 'origin_unnamed': {
      const detail = outcome.kind === 'origin_unnamed' ? 'signup.step.unnamed' : 'signup.step.detail';
      const consentV = fields.texts('consent_v');
      return stepPage(c, { newsletter, lang, action, consentV, values, stillHuman: outcome.token, detail });
    }
    case 'too_many': {
      c.header('Retry-After', String(outcome.retryAfterSeconds));
      const minutes = Math.ceil(outcome.retryAfterSeconds / 60);
      return again(429, { error: say(lang, 'signup.wait.detail', { minutes }) });
    }
  }
}

const readWithinMs = 1_000;

/**
 * Whose sites may frame a page that says that nothing was saved: the newsletter as it can be read all the same, else as this
 * process remembers it, which has mostly drawn the form itself.
 */
async function framedNow(ctx: Context, slug = ''): Promise<Newsletter | undefined> {
  try {
    return await inTime(readWithinMs, joinable(ctx, slug));
  } catch (error) {
    if (!unreachable(error) && !(error instanceof Late)) throw error;
    return ifJoinable(lastReadNewsletter(ctx.db, slug), slug);
  }
}

/** The newsletter that the answer is about: a sign-up that was taken has just read it. */
async function answeredFor(
  ctx: Context,
  outcome: SignUpOutcome,
  slug: string | undefined,
): Promise<Newsletter | undefined> {
  if (outcome.kind === 'no_newsletter') return undefined;
  const read = outcome.kind === 'accepted' ? outcome.newsletters[0] : undefined;
  return read && read.slug === slug ? read : joinable(ctx, slug);
}

/** What the next page knows, closed to everyone but us. */
async function sealed(ctx: Context, outcome: Accepted): Promise<string> {
  const { address, newsletters, lang, exchanges, signUpId } = outcome;
  const { fromEmail } = await expectedLetter(ctx.db, newsletters, lang);
  const sent = {
    email: address.email,
    signUpId,
    newsletterId: newsletters[0]?.id ?? 0,
    lang,
    several: newsletters.length > 1,
    mailbox: mailboxOf({ address: address.email, from: fromEmail, exchanges })?.provider,
  };
  return sealSent(ctx.keyring, sent, ctx.clock.now());
}
