import { Hono } from 'hono';
import { raw } from 'hono/html';
import type { Context } from '../context.ts';
import { type GuardEnv, pagePolicy } from '../platform/http/guard.ts';
import { Page } from '../platform/http/layout.tsx';
import { listOf } from '../platform/i18n/dates.ts';
import { chooseLanguage, dirOf, languageName } from '../platform/i18n/languages.ts';
import { type MessageKey, say } from '../platform/i18n/messages.ts';
import { copyBlocks } from './embed.ts';
import { findNewsletter, openNewsletters } from './find.ts';
import type { Newsletter } from './newsletter.ts';
import { currentWordings } from './wordings.ts';

const levels = ['html', 'script', 'iframe'] as const;
const views = ['light', 'dark', 'narrow', 'rtl'] as const;

/**
 * `/embed/preview`: the three ways to paste the box, each in light, dark, narrow and right-to-left, as they look on a page that
 * is not ours. Shows nothing that a reader could not see.
 */
export function embedPreview(ctx: Context): Hono<GuardEnv> {
  const app = new Hono<GuardEnv>();
  app.get('/embed/preview', async (c) => {
    const asked = await newsletterOf(ctx, c.req.query('newsletter'));
    if (!asked) return c.notFound();
    const lang = languageOf(asked, c.req.query('lang'), c.req.header('Accept-Language'));
    const wordings = await currentWordings(ctx.db, asked, lang);
    const blocks = copyBlocks(asked, lang, { baseUrl: ctx.config.baseUrl, wordings });
    c.header('Content-Security-Policy', `${pagePolicy}; frame-src 'self'`);
    return c.html(<PreviewPage newsletter={asked} lang={lang} blocks={blocks} />);
  });
  app.get('/embed/preview/:level', async (c) => {
    const level = levels.find((one) => one === c.req.param('level'));
    const newsletter = await newsletterOf(ctx, c.req.query('newsletter'));
    if (!level || !newsletter) return c.notFound();
    const lang = languageOf(newsletter, c.req.query('lang'), undefined);
    const view = c.req.query('view');
    const wordings = await currentWordings(ctx.db, newsletter, lang);
    const blocks = copyBlocks(newsletter, lang, {
      baseUrl: ctx.config.baseUrl,
      wordings,
      src: 'preview',
      theme: view === 'dark' ? 'dark' : 'light',
      dir: view === 'rtl' ? 'rtl' : undefined,
    });
    c.header('Content-Security-Policy', articlePolicy);
    return c.html(<Article lang={lang} view={view} block={blocks[level]} />);
  });
  return app;
}

/** Stands for a publisher's page: it may load our script, post to us and frame us, and the frame's code brings its style. */
const articlePolicy = `${pagePolicy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")}; script-src 'self'; connect-src 'self'; frame-src 'self'; style-src-attr 'unsafe-inline'`;

async function newsletterOf(ctx: Context, slug: string | undefined): Promise<Newsletter | undefined> {
  if (slug === undefined) return (await openNewsletters(ctx.db))[0];
  const found = await findNewsletter(ctx.db, slug);
  return found?.visibility === 'public' && found.state === 'open' ? found : undefined;
}

function languageOf(newsletter: Newsletter, explicit: string | undefined, accepted: string | undefined) {
  const { languages } = newsletter;
  return chooseLanguage({
    explicit,
    acceptLanguage: accepted,
    available: languages,
    fallback: languages[0] ?? 'en',
  });
}

function PreviewPage(props: {
  newsletter: Newsletter;
  lang: string;
  blocks: Record<(typeof levels)[number], string>;
}) {
  const { newsletter, lang, blocks } = props;
  const { allowedOrigins, languages, slug } = newsletter;
  const title = say(lang, 'preview.title', { newsletter: newsletter.name });
  const links = languages.map((one) => ({
    lang: one,
    name: languageName(one),
    href: `/embed/preview?newsletter=${slug}&lang=${one}`,
    current: one === lang,
  }));
  return (
    <Page
      lang={lang}
      dir={dirOf(lang)}
      words={{ skip: say(lang, 'page.skip'), languages: say(lang, 'page.languages') }}
      languageLinks={links}
      folio={[newsletter.publisherName, newsletter.name]}
      title={title}
      wide
      noindex
    >
      <h1>{title}</h1>
      <p class="reading">{say(lang, 'preview.detail')}</p>
      <p class="meta">
        {allowedOrigins.length === 0
          ? say(lang, 'preview.unlisted')
          : say(lang, 'preview.origins', { origins: listOf(lang, allowedOrigins) })}
      </p>
      {levels.map((level) => (
        <section>
          <h2>{say(lang, `preview.${level}`)}</h2>
          <p>{say(lang, `preview.${level}_detail`)}</p>
          <details>
            <summary>{say(lang, 'preview.code')}</summary>
            <pre dir="ltr" tabindex={0}>
              <code>{blocks[level].trimEnd()}</code>
            </pre>
          </details>
          <div class="previews">
            {views.map((view) => (
              <figure>
                <figcaption class="meta">{say(lang, `preview.${view}` satisfies MessageKey)}</figcaption>
                <iframe
                  src={`/embed/preview/${level}?newsletter=${slug}&lang=${lang}&view=${view}`}
                  title={`${say(lang, `preview.${level}`)}, ${say(lang, `preview.${view}`)}`}
                  class={view === 'narrow' ? 'narrow' : undefined}
                  loading="lazy"
                />
              </figure>
            ))}
          </div>
        </section>
      ))}
    </Page>
  );
}

/** As a dark page looks that has no stylesheet either. */
const darkPage = { bgcolor: '#121212', text: '#f2efe9', link: '#7cc7e6' };

/** An article that is not ours, with nothing but the browser's own style. */
function Article({ lang, view, block }: { lang: string; view: string | undefined; block: string }) {
  return (
    <>
      {raw('<!doctype html>\n')}
      <html lang={lang} dir={view === 'rtl' ? 'rtl' : dirOf(lang)}>
        <head>
          <meta charset="utf-8" />
          <title>{say(lang, 'preview.before')}</title>
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content={view === 'dark' ? 'dark' : 'light'} />
          <meta name="robots" content="noindex" />
          <link rel="icon" href="data:," />
        </head>
        <body {...(view === 'dark' ? darkPage : {})}>
          <main>
            <p>{say(lang, 'preview.before')}</p>
            {raw(block)}
            <p id="after">{say(lang, 'preview.after')}</p>
          </main>
        </body>
      </html>
    </>
  );
}
