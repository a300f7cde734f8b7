import { OpenAPIHono } from '@hono/zod-openapi';
import { Hono, type Context as Request } from 'hono';
import type { KeyEnv } from './access/require-key.ts';
import { articlesApi } from './articles/api.ts';
import type { Context } from './context.ts';
import { deliveriesApi } from './deliveries/api.ts';
import { deskPages } from './deliveries/desk-pages.tsx';
import { editionsApi } from './editions/api.ts';
import { opinionPages } from './editions/opinion-pages.tsx';
import { editionPages } from './editions/pages.tsx';
import { sitemapPages } from './editions/sitemap-pages.ts';
import { FirstSteps } from './insight/first-steps.tsx';
import { health } from './insight/health.ts';
import { metricsPage } from './insight/metrics-page.ts';
import { version } from './lib/version.ts';
import { newslettersApi } from './newsletters/api.ts';
import { embedFiles } from './newsletters/embed-files.ts';
import { embedPreview } from './newsletters/embed-preview.tsx';
import { listNewsletters } from './newsletters/find.ts';
import { answerFaults, type Fault } from './platform/http/answer.ts';
import { assets } from './platform/http/assets.ts';
import { DocsPage } from './platform/http/docs.tsx';
import { type GuardEnv, guard, limitBodies } from './platform/http/guard.ts';
import { houseOnly, isLoopback } from './platform/http/house-only.ts';
import { type LanguageLink, Page, type PageFrame } from './platform/http/layout.tsx';
import { maintenance } from './platform/http/maintenance.ts';
import { openApiDocument } from './platform/http/openapi.ts';
import { chooseLanguage, dirOf, languageName, languages } from './platform/i18n/languages.ts';
import { type MessageKey, say } from './platform/i18n/messages.ts';
import { trapApp } from './platform/mail/trap-pages.tsx';
import { subscribersApi } from './subscribers/api.ts';
import { subscriberPages } from './subscribers/pages.tsx';
import { publicApi } from './subscribers/public-api.ts';

/**
 * Every path of the program on one screen: what stands before all of them, the API that programs use, the pages that people
 * see. GET looks and POST acts, everywhere.
 */
export function openWeb(ctx: Context): Hono<GuardEnv> {
  const { config, log } = ctx;
  const https = config.baseUrl.startsWith('https://');
  // A slash at the end is a habit of people and of programs that mend links; the page is the same.
  const app = new Hono<GuardEnv>({ strict: false });
  app.use(guard({ log, trustedProxies: config.trustedProxies, https }));
  app.use(limitBodies());
  if (config.maintenance) app.use(maintenance);
  answerFaults(app, { log, drawFault: (c, fault) => <FaultPage fault={fault} frame={frameOf(c)} /> });

  app.get('/healthz', (c) => c.json({ status: 'ok', version }));
  app.get('/readyz', async (c) => {
    const state = await health(ctx);
    return c.json(state, state.ready ? 200 : 503);
  });

  app.route('/', metricsPage(ctx, { ledger: true }));

  app.get('/', async (c) => {
    const newsletters = await listNewsletters(ctx.db, { limit: 1 });
    const { search } = new URL(c.req.url);
    if (newsletters.length > 0) return c.redirect(`/s${search}`, 302);
    return c.html(<FirstSteps frame={frameOf(c)} trap={ctx.mail.trap !== undefined} />);
  });
  app.route('/', openV1(ctx));
  app.route('/', assets());
  app.use('/desk/*', houseOnly(config));
  app.route('/', deskPages(ctx));
  // Whoever reads the trap reads everyone's letters, with their links.
  if (!isLoopback(config.host)) app.use('/trap/*', houseOnly(config));
  if (ctx.mail.trap) app.route('/trap', trapApp(ctx.mail.trap, '/trap'));
  app.route('/', testLinkPages());
  app.route('/', embedFiles());
  app.route('/', embedPreview(ctx));
  app.route('/', subscriberPages(ctx));
  app.route('/', sitemapPages(ctx));
  // Last, since a newsletter's slug is the first thing in its path.
  app.route('/', opinionPages(ctx));
  app.route('/', editionPages(ctx));
  return app;
}

/** The API, its document and the page that shows it. */
function openV1(ctx: Context): OpenAPIHono<KeyEnv> {
  const api = new OpenAPIHono<KeyEnv>();
  for (const chapter of [newslettersApi, subscribersApi, articlesApi, editionsApi, deliveriesApi]) {
    api.route('/', chapter(ctx));
  }
  api.route('/', publicApi(ctx));
  const document = openApiDocument(api, { version, baseUrl: ctx.config.baseUrl });
  api.get('/v1/openapi.json', (c) => c.json(document));
  api.get('/docs', (c) =>
    c.html(<DocsPage document={document} frame={{ ...frameOf(c), languageLinks: [] }} />),
  );
  return api;
}

/** Where the links of a test send lead: nobody is subscribed by them, so there is nothing to leave. */
function testLinkPages(): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  const page = (c: Request) => {
    const frame = frameOf(c);
    return c.html(
      <Page {...frame} title={say(frame.lang, 'test_link.title')} noindex>
        <h1>{say(frame.lang, 'test_link.title')}</h1>
        <p class="reading">{say(frame.lang, 'test_link.detail')}</p>
      </Page>,
    );
  };
  app.get('/u/test', page);
  app.get('/m/test', page);
  app.post('/u/test', (c) => c.body(null, 200));
  return app;
}

function FaultPage({ fault, frame }: { fault: Fault; frame: PageFrame }) {
  const { lang } = frame;
  // A person with the wrong method came by a wrong address.
  if (fault.status === 405) return <FaultPage fault={{ ...fault, status: 404 }} frame={frame} />;
  const known = [400, 403, 404, 409, 410, 413, 422, 429, 503].includes(fault.status) ? fault.status : 500;
  const title = say(lang, `error.${known}.title` as MessageKey);
  return (
    <Page {...frame} title={title} noindex>
      <h1>{title}</h1>
      <p class="reading">{say(lang, `error.${known}.detail` as MessageKey)}</p>
      {[404, 410].includes(fault.status) && (
        <p>
          <a href={`/s?lang=${lang}`}>{say(lang, 'signup.list.choose')}</a>
        </p>
      )}
      <p class="meta">{say(lang, 'error.reference', { id: fault.requestId })}</p>
    </Page>
  );
}

function frameOf(c: Request): PageFrame {
  const lang = chooseLanguage({
    explicit: c.req.query('lang'),
    acceptLanguage: c.req.header('Accept-Language'),
    fallback: 'en',
    available: languages,
  });
  c.header('Content-Language', lang);
  return {
    lang,
    dir: dirOf(lang),
    words: { skip: say(lang, 'page.skip'), languages: say(lang, 'page.languages') },
    // What a form was answered cannot be asked for again in another language.
    languageLinks: c.req.method === 'POST' ? [] : languageLinks(lang),
  };
}

/** To this very page, whose path may be anything that somebody typed. */
function languageLinks(current: string): LanguageLink[] {
  return languages.map((lang) => ({
    lang,
    name: languageName(lang),
    href: `?lang=${lang}`,
    current: lang === current,
  }));
}
