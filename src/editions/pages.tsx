import { timingSafeEqual } from 'node:crypto';
import { Hono, type Context as Request } from 'hono';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { archiveUrl } from '../newsletters/archive-url.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { currentWordings } from '../newsletters/wordings.ts';
import { answerCached } from '../platform/http/cached.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { say } from '../platform/i18n/messages.ts';
import { webUrl } from './addresses.ts';
import { type Archive, archiveFrame, pathOf } from './archive-frame.tsx';
import { ArchiveView } from './archive-view.tsx';
import type { Edition } from './edition.ts';
import { EditionView } from './edition-view.tsx';
import { jsonFeed, rssFeed } from './feeds.tsx';
import { findEditionBySlot, readSlotName } from './find.ts';
import { correctionsOf, currentPage, latestPages, listedPages, printedPages } from './page-queries.ts';

const maxAgeSeconds = 300;
const listedMax = 30;
const privateMs = 60 * 24 * 3_600_000;
const html = 'text/html; charset=utf-8';

type Req = Request<GuardEnv>;

/**
 * The archive: a newsletter's past editions, each as a page of its own (what "View in browser" opens, and what a friend sees
 * of a forwarded mail), and their feeds. Everything here is the same for everybody, so caches may keep it; the newsletter's
 * own language stands at `/<slug>`, the others at `/<lang>/<slug>`.
 */
export function editionPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  const slug = ':slug{[a-z][a-z0-9-]{1,58}[a-z0-9]}';
  const date = ':date{\\d{4}-\\d{2}-\\d{2}(?:-[2-9])?}';
  const key = ':key{[0-9a-f]{32}}';
  for (const home of [`/:lang{[a-z]{2,3}}/${slug}`, `/${slug}`]) {
    app.get(home, (c) => list(ctx, c));
    app.get(`${home}/latest`, (c) => latest(ctx, c));
    app.get(`${home}/feed.xml`, (c) => feed(ctx, c, 'xml'));
    app.get(`${home}/feed.json`, (c) => feed(ctx, c, 'json'));
    app.get(`${home}/${date}`, (c) => show(ctx, c, 'regular'));
    app.get(`${home}/weekly/${date}`, (c) => show(ctx, c, 'weekly'));
    app.get(`${home}/${date}/${key}`, (c) => show(ctx, c, 'regular'));
    app.get(`${home}/weekly/${date}/${key}`, (c) => show(ctx, c, 'weekly'));
  }
  return app;
}

async function list(ctx: Context, c: Req): Promise<Response> {
  const archive = await archiveOf(ctx, c, { listed: true });
  const { newsletter, lang } = archive;
  const [older, newer] = [bound(c, 'older'), bound(c, 'newer')];
  const stretch = { newsletterId: newsletter.id, lang, older, newer, limit: listedMax + 1 };
  const found = await listedPages(ctx.db, stretch);
  const hasMore = found.length > listedMax;
  const isBack = newer !== undefined && older === undefined;
  const editions = isBack ? found.slice(-listedMax) : found.slice(0, listedMax);
  if (editions.length === 0 && (older || newer)) throw notFound();
  const shown = {
    ...archive,
    editions,
    query: older ? `?older=${c.req.query('older')}` : newer ? `?newer=${c.req.query('newer')}` : '',
    hasOlder: isBack || hasMore,
    hasNewer: isBack ? hasMore : older !== undefined,
  };
  c.header('Content-Language', lang);
  return answerCached(c, { body: await draw(<ArchiveView {...shown} />), contentType: html, maxAgeSeconds });
}

async function latest(ctx: Context, c: Req): Promise<Response> {
  const { newsletter, lang } = await archiveOf(ctx, c, { listed: true });
  const [edition] = await listedPages(ctx.db, { newsletterId: newsletter.id, lang, limit: 1 });
  if (!edition) throw notFound();
  c.header('Cache-Control', 'no-store');
  return c.redirect(webUrl(ctx.config.baseUrl, newsletter, edition, lang), 302);
}

async function feed(ctx: Context, c: Req, kind: 'xml' | 'json'): Promise<Response> {
  const archive = await archiveOf(ctx, c, { listed: true });
  const editions = await latestPages(ctx.db, {
    newsletterId: archive.newsletter.id,
    lang: archive.lang,
    limit: listedMax,
  });
  const about = { ...archive, editions };
  return kind === 'xml'
    ? answerCached(c, {
        body: rssFeed(about),
        contentType: 'application/rss+xml; charset=utf-8',
        maxAgeSeconds,
      })
    : answerCached(c, {
        body: jsonFeed(about),
        contentType: 'application/feed+json; charset=utf-8',
        maxAgeSeconds,
      });
}

async function show(ctx: Context, c: Req, kind: Edition['kind']): Promise<Response> {
  const archive = await archiveOf(ctx, c);
  const { newsletter, lang } = archive;
  const slot = readSlotName(c.req.param('date') ?? '');
  const edition = slot && (await findEditionBySlot(ctx.db, { newsletterId: newsletter.id, kind, ...slot }));
  if (!edition || edition.archiveState === 'hidden') throw notFound();
  const isPrivate = newsletter.visibility === 'private';
  if (isPrivate) refuseStrangers(edition, c.req.param('key'), ctx.clock.now());
  else if (c.req.param('key')) return c.redirect(webUrl(ctx.config.baseUrl, newsletter, edition, lang), 301);
  if (edition.archiveState === 'unpublished') return gone(c, archive);
  const page = await currentPage(ctx.db, edition.id, lang);
  if (!page) throw notFound();
  const nearby = { newsletterId: newsletter.id, lang, limit: 1 };
  const [{ languages }, corrections, [previous], [next]] = await Promise.all([
    printedPages(ctx.db, edition.id),
    correctionsOf(ctx.db, edition.id),
    listedPages(ctx.db, { ...nearby, older: edition }),
    listedPages(ctx.db, { ...nearby, newer: edition }),
  ]);
  c.header('Content-Language', lang);
  if (isPrivate) c.header('Referrer-Policy', 'no-referrer');
  const shown = { ...archive, edition, page, languages, corrections, previous, next };
  const body = await draw(<EditionView {...shown} />);
  return answerCached(c, { body, contentType: html, maxAgeSeconds, isPrivate });
}

/** A private edition is for who has its mail, for sixty days. @throws Refusal 404 without its key, 410 after its time. */
function refuseStrangers(edition: Edition, key: string | undefined, now: Date): void {
  const given = Buffer.from(key ?? '');
  const own = Buffer.from(edition.webKey);
  if (given.length !== own.length || !timingSafeEqual(given, own)) throw notFound();
  const publishedAt = edition.publishedAt ?? edition.slotAt;
  if (now.getTime() - publishedAt.getTime() <= privateMs) return;
  throw new Refusal(410, 'link_ended', 'This link has ended.');
}

/** 410 tells search engines to forget it, and people where the others are. */
async function gone(c: Req, archive: Archive): Promise<Response> {
  const { newsletter, lang, baseUrl } = archive;
  const title = say(lang, 'archive.gone.title');
  c.header('Cache-Control', 'no-store');
  return c.html(
    <Page {...archiveFrame(archive, [])} title={title} noindex folio={[newsletter.name]}>
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'archive.gone.detail')}</p>
      {newsletter.visibility === 'public' && (
        <p>
          <a href={pathOf(archiveUrl(baseUrl, newsletter, lang))}>{say(lang, 'archive.all')}</a>
        </p>
      )}
    </Page>,
    410,
  );
}

/** Whose archive, in which language. @throws Refusal 404; a list or feed of a private newsletter is not there for anyone. */
async function archiveOf(ctx: Context, c: Req, { listed = false } = {}): Promise<Archive> {
  const newsletter = await findNewsletter(ctx.db, c.req.param('slug') ?? '');
  const lang = c.req.param('lang') ?? newsletter?.languages[0];
  if (!newsletter || !lang || !newsletter.languages.includes(lang)) throw notFound();
  if (listed && newsletter.visibility === 'private') throw notFound();
  return {
    newsletter,
    lang,
    baseUrl: ctx.config.baseUrl,
    wordings: isOpen(newsletter) ? await currentWordings(ctx.db, newsletter, lang) : undefined,
  };
}

function isOpen(newsletter: Newsletter): boolean {
  return newsletter.state === 'open' && newsletter.visibility === 'public';
}

/** A place in the list, named by an edition. @throws Refusal 404 when it names none. */
function bound(c: Req, name: 'older' | 'newer') {
  const asked = c.req.query(name);
  if (asked === undefined) return undefined;
  const slot = readSlotName(asked);
  if (!slot) throw notFound();
  return slot;
}

async function draw(page: unknown): Promise<string> {
  return String(await page);
}

function notFound(): Refusal {
  return new Refusal(404, 'no_such_edition', 'There is no such edition.');
}
