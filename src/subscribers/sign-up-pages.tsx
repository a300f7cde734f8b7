import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { parseHttpUrl } from '../lib/http-url.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { wantsJson } from '../platform/http/answer.ts';
import { type GuardEnv, pagePolicyTo } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { languages } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { type FormFields, formFields } from './form-fields.ts';
import { type PageRequest, pageFrame, pageLanguage } from './page-frame.tsx';
import { returnTo } from './return-to.ts';
import { sealSent } from './sent-token.ts';
import { type SignUpOutcome, signUp } from './sign-up.ts';
import { emptyValues, type FormValues, ResendForm } from './sign-up-form.tsx';
import { formPage } from './sign-up-form-page.tsx';
import { allowOrigin, answerPreflight, answerSignUpAsJson } from './sign-up-json.ts';
import { listPage } from './sign-up-list-page.tsx';

/** The hosted sign-up page, and where every box posts to. */
export function signUpPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.get('/s', (c) => listPage(ctx, c, 200));
  app.get('/s/:slug', async (c) => {
    const newsletter = await joinable(ctx, c.req.param('slug'));
    if (!newsletter) return listPage(ctx, c, 404);
    const lang = pageLanguage(c, { available: newsletter.languages });
    c.header('Vary', 'Accept-Language');
    return formPage(ctx, c, { newsletter, lang, values: emptyValues, status: 200 });
  });
  app.options('/s/:slug', async (c) => {
    const newsletter = await joinable(ctx, c.req.param('slug'));
    return answerPreflight(c, ctx, newsletter?.allowedOrigins ?? []);
  });
  app.post('/s/:slug', (c) => post(ctx, c, c.req.param('slug')));
  return app;
}

async function joinable(ctx: Context, slug: string): Promise<Newsletter | undefined> {
  const newsletter = await findNewsletter(ctx.db, slug);
  return newsletter?.state === 'open' && newsletter.visibility === 'public' && newsletter.slug === slug
    ? newsletter
    : undefined;
}

async function post(ctx: Context, c: PageRequest, slug: string): Promise<Response> {
  const fields = await formFields(c);
  const values: FormValues = {
    email: fields.text('email') ?? '',
    marketing: fields.has('marketing'),
    src: fields.text('src') ?? 'unnamed',
    returnTo: fields.text('return_to'),
    acceptDomain: fields.text('accept_domain'),
  };
  const scripted = wantsJson(c);
  const outcome = await signUp(
    ctx,
    {
      email: values.email,
      newsletters: [slug],
      marketing: values.marketing,
      consentVersion: fields.text('consent_v'),
      lang: fields.text('lang'),
      form: values.src,
      page: c.req.header('Referer') ?? c.req.header('Origin'),
      honeypot: fields.text('website'),
      acceptDomain: values.acceptDomain,
      stillHuman: fields.text('still_human'),
    },
    {
      clientAddress: c.get('clientAddress'),
      userAgent: c.req.header('User-Agent'),
      origin: c.req.header('Origin'),
      scripted,
    },
  );
  if (!scripted) return answerAsPage(ctx, c, { slug, fields, values, outcome });
  const newsletter = outcome.kind === 'unavailable' ? undefined : await joinable(ctx, slug);
  allowOrigin(c, ctx, newsletter?.allowedOrigins ?? []);
  return answerSignUpAsJson(c, outcome);
}

interface Posted {
  slug: string;
  fields: FormFields;
  values: FormValues;
  outcome: SignUpOutcome;
}

async function answerAsPage(ctx: Context, c: PageRequest, posted: Posted): Promise<Response> {
  const { slug, fields, values, outcome } = posted;
  c.header('Cache-Control', 'no-store');
  // Whether it leads there is decided when the form is posted, by the newsletter's list.
  const next = parseHttpUrl(values.returnTo ?? '');
  if (next) c.header('Content-Security-Policy', pagePolicyTo(next.origin));
  if (outcome.kind === 'unavailable') return unavailablePage(c, slug, fields, values);
  const newsletter = outcome.kind === 'no_newsletter' ? undefined : await joinable(ctx, slug);
  if (!newsletter) return listPage(ctx, c, 404);
  const lang = pageLanguage(c, { form: fields.text('lang'), available: newsletter.languages });
  const page = { newsletter, lang, values };
  switch (outcome.kind) {
    case 'accepted': {
      const back = returnTo(values.returnTo, newsletter.returnTo);
      const sent = {
        email: outcome.address.email,
        signUpId: outcome.signUpId,
        newsletterId: newsletter.id,
        lang: outcome.lang,
      };
      const t = sealSent(ctx.keyring, sent, ctx.clock.now());
      return c.redirect(back ?? `/s/${slug}/sent?t=${t}`, 303);
    }
    case 'origin_not_allowed':
      ctx.log.warn(
        { deed: 'sign-up', newsletterId: newsletter.id },
        'a post from an origin that is not listed',
      );
      return c.redirect(`/s/${slug}?lang=${lang}`, 303);
    case 'invalid_email':
      return formPage(ctx, c, { ...page, status: 422, error: say(lang, 'signup.error.email') });
    case 'unknown_wording':
      return formPage(ctx, c, {
        ...page,
        values: { ...values, marketing: false },
        status: 422,
        error: say(lang, 'signup.error.wording'),
      });
    case 'unlikely_domain':
      return formPage(ctx, c, { ...page, status: 422, doubt: outcome });
    case 'one_more_step':
      return stepPage(c, newsletter, lang, posted, outcome.token);
    case 'too_many': {
      c.header('Retry-After', String(outcome.retryAfterSeconds));
      const minutes = Math.ceil(outcome.retryAfterSeconds / 60);
      return formPage(ctx, c, { ...page, status: 429, error: say(lang, 'signup.wait.detail', { minutes }) });
    }
    case 'no_newsletter':
      return listPage(ctx, c, 404);
  }
}

function stepPage(c: PageRequest, newsletter: Newsletter, lang: string, posted: Posted, token: string) {
  const title = say(lang, 'signup.step.title');
  return c.html(
    <Page {...pageFrame(c, lang, newsletter)} languageLinks={[]} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'signup.step.detail')}</p>
      <ResendForm
        action={`/s/${newsletter.slug}`}
        lang={lang}
        consentV={posted.fields.text('consent_v')}
        values={posted.values}
        button={say(lang, 'signup.step.button')}
        more={{ still_human: token }}
      />
    </Page>,
  );
}

/** Nothing can be read now, so this page is made of the form alone; what was typed is in it. */
function unavailablePage(c: PageRequest, slug: string, fields: FormFields, values: FormValues) {
  const lang = pageLanguage(c, { form: fields.text('lang'), available: languages });
  const title = say(lang, 'signup.error.saved');
  c.header('Retry-After', '30');
  return c.html(
    <Page {...pageFrame(c, lang, undefined)} title={title} noindex>
      <h1>{title}</h1>
      <form method="post" action={`/s/${encodeURIComponent(slug)}`} class="field">
        <label for="email">{say(lang, 'signup.email')}</label>
        <input
          id="email"
          name="email"
          type="email"
          required
          autocomplete="email"
          dir="ltr"
          value={values.email}
        />
        {values.marketing && <input type="hidden" name="marketing" value="yes" />}
        <UnseenFields fields={fields} />
        <div class="actions">
          <button type="submit">{say(lang, 'signup.retry')}</button>
        </div>
      </form>
    </Page>,
    503,
  );
}

function UnseenFields({ fields }: { fields: FormFields }) {
  const names = ['lang', 'src', 'consent_v', 'accept_domain', 'return_to'];
  return (
    <>
      {names.map((name) => fields.has(name) && <input type="hidden" name={name} value={fields.text(name)} />)}
    </>
  );
}
