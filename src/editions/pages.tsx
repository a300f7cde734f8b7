import { Hono } from 'hono';
import type { Context } from '../context.ts';
import { answerCached } from '../platform/http/cached.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { webUrl } from './addresses.ts';
import {
  archiveOf,
  draw,
  editionOf,
  editionPaths,
  gone,
  homes,
  needsKey,
  notFound,
  type Req,
} from './archive-request.tsx';
import { ArchiveView } from './archive-view.tsx';
import type { Edition } from './edition.ts';
import { EditionView } from './edition-view.tsx';
import { jsonFeed, rssFeed } from './feeds.tsx';
import { readSlotName } from './find.ts';
import { correctionsOf, currentPage, latestPages, listedPages, printedPages } from './page-queries.ts';

const maxAgeSeconds = 300;
const listedMax = 30;
const html = 'text/html; charset=utf-8';

/**
 * The archive: a newsletter's past editions, each as a page of its own (what "View in browser" opens, and what a friend sees
 * of a forwarded mail), and their feeds. Everything here is the same for everybody, so caches may keep it; the newsletter's
 * own language stands at `/<slug>`, the others at `/<lang>/<slug>`.
 */
export function editionPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  for (const home of homes) {
    app.get(home, (c) => list(ctx, c));
    app.get(`${home}/latest`, (c) => latest(ctx, c));
    app.get(`${home}/feed.xml`, (c) => feed(ctx, c, 'xml'));
    app.get(`${home}/feed.json`, (c) => feed(ctx, c, 'json'));
  }
  for (const [path, kind] of editionPaths) app.get(path, (c) => show(ctx, c, kind));
  return app;
}

async function list(ctx: Context, c: Req): Promise<Response> {
  const archive = await archiveOf(ctx, c, { listed: true });
  const { newsletter, lang } = archive;
  const [older, newer] = [bound(c, 'older'), bound(c, 'newer')];
  const stretch = {
    newsletterId: newsletter.id,
    lang,
    older,
    newer,
    appearedBy: ctx.clock.now(),
    limit: listedMax + 1,
  };
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
  const [edition] = await listedPages(ctx.db, {
    newsletterId: newsletter.id,
    lang,
    appearedBy: ctx.clock.now(),
    limit: 1,
  });
  if (!edition) throw notFound();
  c.header('Cache-Control', 'no-store');
  return c.redirect(webUrl(ctx.config.baseUrl, newsletter, edition, lang), 302);
}

async function feed(ctx: Context, c: Req, kind: 'xml' | 'json'): Promise<Response> {
  const archive = await archiveOf(ctx, c, { listed: true });
  const editions = await latestPages(ctx.db, {
    newsletterId: archive.newsletter.id,
    lang: archive.lang,
    appearedBy: ctx.clock.now(),
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
  const edition = await editionOf(ctx, c, archive, kind);
  const now = ctx.clock.now();
  const byKey = needsKey(newsletter, edition, now);
  if (!byKey && c.req.param('key')) {
    return c.redirect(webUrl(ctx.config.baseUrl, newsletter, edition, lang), 301);
  }
  if (edition.archiveState === 'unpublished') return gone(c, archive);
  const page = await currentPage(ctx.db, edition.id, lang);
  if (!page) throw notFound();
  const nearby = { newsletterId: newsletter.id, lang, appearedBy: now, limit: 1 };
  const [{ languages }, corrections, [previous], [next]] = await Promise.all([
    printedPages(ctx.db, edition.id),
    correctionsOf(ctx.db, edition.id),
    listedPages(ctx.db, { ...nearby, older: edition }),
    listedPages(ctx.db, { ...nearby, newer: edition }),
  ]);
  c.header('Content-Language', lang);
  if (byKey) c.header('Referrer-Policy', 'no-referrer');
  const shown = { ...archive, edition, byKey, page, languages, corrections, previous, next };
  const body = await draw(<EditionView {...shown} />);
  return answerCached(c, { body, contentType: html, maxAgeSeconds, isPrivate: byKey });
}

/** A place in the list, named by an edition. @throws Refusal 404 when it names none. */
function bound(c: Req, name: 'older' | 'newer') {
  const asked = c.req.query(name);
  if (asked === undefined) return undefined;
  const slot = readSlotName(asked);
  if (!slot) throw notFound();
  return slot;
}
