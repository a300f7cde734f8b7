import { Hono } from 'hono';
import type { Context } from '../context.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { say } from '../platform/i18n/messages.ts';
import { mailedUrl, opinionUrl, webUrl } from './addresses.ts';
import { type Archive, archiveFrame, pathOf } from './archive-frame.tsx';
import {
  archiveOf,
  draw,
  editionOf,
  editionPaths,
  gone,
  needsKey,
  notFound,
  type Req,
} from './archive-request.tsx';
import { countOpinion } from './count-opinion.ts';
import { type Edition, type Wish, wishes } from './edition.ts';
import { currentPage, printedPages } from './page-queries.ts';

/**
 * Where the two links of a mail lead that ask for more or less like it: a page with one button. They are the same for every
 * reader, so nothing says who pressed it. A GET counts nothing.
 */
export function opinionPages(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  for (const [path, kind] of editionPaths) {
    for (const wish of wishes) {
      app.get(`${path}/${wish}`, (c) => ask(ctx, c, kind, wish));
      app.post(`${path}/${wish}`, (c) => count(ctx, c, kind, wish));
    }
  }
  return app;
}

async function ask(ctx: Context, c: Req, kind: Edition['kind'], wish: Wish): Promise<Response> {
  const archive = await archiveOf(ctx, c);
  const edition = await editionOf(ctx, c, archive, kind);
  if (edition.archiveState === 'unpublished') return gone(c, archive);
  const page = await currentPage(ctx.db, edition.id, archive.lang);
  if (!page) throw notFound();
  const { newsletter, lang, baseUrl } = archive;
  const address = needsKey(newsletter, edition, ctx.clock.now()) ? mailedUrl : webUrl;
  const url = address(baseUrl, newsletter, edition, lang);
  const { languages } = await printedPages(ctx.db, edition.id);
  const thanked = c.req.query('thanks') === '1';
  const urls = newsletter.languages
    .filter((one) => languages.includes(one))
    .map((one) => {
      const own = opinionUrl(address(baseUrl, newsletter, edition, one), wish);
      return { lang: one, url: thanked ? `${own}?thanks=1` : own };
    });
  const asked = { archive, url, urls, wish, title: page.view.title, thanked };
  c.header('Cache-Control', 'no-store');
  c.header('Referrer-Policy', 'no-referrer');
  return c.html(await draw(<OpinionPage {...asked} />));
}

async function count(ctx: Context, c: Req, kind: Edition['kind'], wish: Wish): Promise<Response> {
  const archive = await archiveOf(ctx, c);
  const edition = await editionOf(ctx, c, archive, kind);
  if (edition.archiveState === 'unpublished') return gone(c, archive);
  await countOpinion(ctx, { editionId: edition.id, wish, clientAddress: c.get('clientAddress') });
  return c.redirect(`${c.req.path}?thanks=1`, 303);
}

/** One question with one button, and after it a word of thanks. Pure. */
function OpinionPage(props: {
  archive: Archive;
  /** Of the edition. */
  url: string;
  /** This page's own addresses by language. */
  urls: readonly { lang: string; url: string }[];
  wish: Wish;
  title: string;
  thanked: boolean;
}) {
  const { archive, url, urls, wish, thanked } = props;
  const { newsletter, lang } = archive;
  const title = thanked ? say(lang, 'opinion.thanks.title') : say(lang, `opinion.${wish}.title`);
  return (
    <Page {...archiveFrame(archive, urls)} title={title} noindex folio={[newsletter.name]}>
      <h1>{title}</h1>
      {thanked ? (
        <p class="reading">{say(lang, 'opinion.thanks.detail', { newsletter: newsletter.name })}</p>
      ) : (
        <form method="post" action={pathOf(opinionUrl(url, wish))}>
          <p class="reading">
            {say(lang, `opinion.${wish}.detail`, { newsletter: newsletter.name, edition: props.title })}
          </p>
          <p class="actions">
            <button type="submit">{say(lang, `opinion.${wish}.button`)}</button>
          </p>
          <p class="meta">{say(lang, 'opinion.anonymous')}</p>
        </form>
      )}
      <p>
        <a href={pathOf(url)}>{say(lang, 'opinion.read')}</a>
      </p>
    </Page>
  );
}
