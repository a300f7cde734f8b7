import { Hono, type Context as Request } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { type LanguageLink, Page } from '../platform/http/layout.tsx';
import { dirOf, isLang, languageName } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import { webUrl } from './addresses.ts';
import { pageOf } from './compose.ts';
import type { Edition } from './edition.ts';
import { findEditionBySlot, latestPublic, readSlotName } from './find.ts';
import type { Page as EditionContent } from './shown.ts';
import { digestView } from './view.ts';
import { WebEdition } from './web-edition.tsx';

const cacheSeconds = 300;

/** The public page of an edition: "View in browser", and what a friend sees of a forwarded mail. */
export function editionPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.get('/:slug/:date{\\d{4}-\\d{2}-\\d{2}(?:-[2-9])?}', (c) => show(ctx, c, undefined));
  app.get('/:lang{[a-z]{2,3}}/:slug/:date{\\d{4}-\\d{2}-\\d{2}(?:-[2-9])?}', (c) =>
    show(ctx, c, c.req.param('lang')),
  );
  app.get('/:slug/weekly/:date{\\d{4}-\\d{2}-\\d{2}}', (c) => show(ctx, c, undefined, 'weekly'));
  app.get('/:lang{[a-z]{2,3}}/:slug/weekly/:date{\\d{4}-\\d{2}-\\d{2}}', (c) =>
    show(ctx, c, c.req.param('lang'), 'weekly'),
  );
  app.get('/:slug/latest', (c) => latest(ctx, c, undefined));
  app.get('/:lang{[a-z]{2,3}}/:slug/latest', (c) => latest(ctx, c, c.req.param('lang')));
  return app;
}

async function latest(ctx: Context, c: Request<GuardEnv>, asked: string | undefined): Promise<Response> {
  const newsletter = await findNewsletter(ctx.db, c.req.param('slug') ?? '');
  const edition = newsletter && (await latestPublic(ctx.db, newsletter.id));
  const lang = asked ?? newsletter?.languages[0];
  if (!newsletter || !edition || !lang || !newsletter.languages.includes(lang)) throw notFound();
  c.header('Cache-Control', 'no-store');
  return c.redirect(webUrl(ctx.config.baseUrl, newsletter, edition, lang), 302);
}

async function show(
  ctx: Context,
  c: Request<GuardEnv>,
  asked: string | undefined,
  kind: Edition['kind'] = 'regular',
): Promise<Response> {
  const newsletter = await findNewsletter(ctx.db, c.req.param('slug') ?? '');
  const slot = readSlotName(c.req.param('date') ?? '');
  const edition =
    newsletter && slot && (await findEditionBySlot(ctx.db, { newsletterId: newsletter.id, kind, ...slot }));
  const lang = asked ?? newsletter?.languages[0];
  if (!newsletter || !edition || !lang || !newsletter.languages.includes(lang)) throw notFound();
  if (edition.archiveState === 'unpublished') {
    throw new Refusal(410, 'unpublished', 'This edition is no longer published.');
  }
  if (edition.archiveState !== 'public') throw notFound();
  const content = await pageOf(ctx, edition, newsletter, lang);
  if (!content) throw notFound();
  c.header('Cache-Control', `public, max-age=${cacheSeconds}`);
  c.header('Content-Language', lang);
  return c.html(draw(ctx, { edition, newsletter, content, lang }));
}

function notFound(): Refusal {
  return new Refusal(404, 'no_such_edition', 'There is no such edition.');
}

function draw(
  ctx: Context,
  at: { edition: Edition; newsletter: Newsletter; content: EditionContent; lang: string },
) {
  const { edition, newsletter, content, lang } = at;
  const { baseUrl } = ctx.config;
  const view = digestView({ edition, newsletter, page: content, lang, baseUrl });
  const { folio } = view;
  return (
    <Page
      lang={lang}
      dir={dirOf(lang)}
      title={`${view.title} · ${newsletter.name}`}
      description={view.preheader}
      canonical={webUrl(baseUrl, newsletter, edition, lang)}
      noindex={newsletter.visibility === 'private'}
      words={{ skip: say(lang, 'page.skip'), languages: say(lang, 'page.languages') }}
      folio={[folio.date, folio.number, folio.minutes].filter((part) => part !== undefined)}
      languageLinks={languageLinks(ctx, at)}
      legal={`${newsletter.legalName}, ${newsletter.postalAddress}`}
    >
      <WebEdition view={view} content={content} />
    </Page>
  );
}

function languageLinks(
  ctx: Context,
  { edition, newsletter, lang }: { edition: Edition; newsletter: Newsletter; lang: string },
): LanguageLink[] {
  return newsletter.languages.filter(isLang).map((one) => ({
    lang: one,
    name: languageName(one),
    href: new URL(webUrl(ctx.config.baseUrl, newsletter, edition, one)).pathname,
    current: one === lang,
  }));
}
