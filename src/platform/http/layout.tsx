import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';

/** One page in one language of several, for the switcher and for search engines. */
export interface LanguageLink {
  lang: string;
  /** The language's own name. */
  name: string;
  href: string;
  current: boolean;
}

export interface PageFrame {
  lang: string;
  dir: 'ltr' | 'rtl';
  words: { skip: string; languages: string };
  languageLinks?: readonly LanguageLink[] | undefined;
}

export interface PageProps extends PageFrame {
  title: string;
  description?: string | undefined;
  /** The absolute address that search engines keep; also names the page when it is shared. */
  canonical?: string | undefined;
  /** What it is when it is shared; a website unless said. */
  kind?: 'website' | 'article' | undefined;
  /** More for the head: pictures for sharing, feeds, structured data. */
  head?: Child;
  /** Not for search engines: every token page, form answer and error. */
  noindex?: boolean | undefined;
  /** The line on top: who and what, parts divided by `·`. */
  folio?: readonly Child[] | undefined;
  /** The publisher's legal name, address and notices. */
  legal?: Child;
  /** For tables: as wide as the trap's pages, not as a column of text. */
  wide?: boolean | undefined;
  /** Stands in a frame on someone else's page, which has a head and a foot of its own. */
  framed?: boolean | undefined;
  /** Light or dark whatever the reader's system says, since the page around it is. */
  theme?: 'light' | 'dark' | undefined;
  /** A script file of ours, which runs once the page is read; the page's policy must allow it. */
  script?: string | undefined;
  /** The same, of every page in a frame. */
  frameScript?: string | undefined;
  children?: Child;
}

/**
 * A whole HTML document with its doctype: one stylesheet, no script, nothing from another host. `c.html(<Page …/>)` is all a
 * page needs.
 */
export function Page(props: PageProps) {
  const { lang, dir, title, words, languageLinks = [] } = props;
  return (
    <>
      {raw('<!doctype html>\n')}
      <html lang={lang} dir={dir} data-theme={props.theme}>
        <head>
          <meta charset="utf-8" />
          <title>{title}</title>
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content={props.theme ?? 'light dark'} />
          {props.description && <meta name="description" content={props.description} />}
          {props.noindex ? <meta name="robots" content="noindex" /> : <Shared {...props} />}
          {props.head}
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href="/assets/dateline.css" />
          {props.script && <script src={props.script} defer />}
          {props.frameScript && <script src={props.frameScript} defer />}
        </head>
        <body class={props.framed ? 'framed' : props.wide ? 'wide' : undefined}>
          {!props.framed && (
            <>
              <a class="skip" href="#main">
                {words.skip}
              </a>
              <header class="page-head">
                {props.folio && <Folio parts={props.folio} />}
                {languageLinks.length > 1 && <LanguageLinks label={words.languages} links={languageLinks} />}
              </header>
            </>
          )}
          <main id="main" tabindex={-1}>
            {props.children}
          </main>
          {props.legal && !props.framed && <footer class="footer-legal">{props.legal}</footer>}
        </body>
      </html>
    </>
  );
}

/** What search engines and link previews read; only an indexable page says it. */
function Shared({ title, description, canonical, kind = 'website', languageLinks = [] }: PageProps) {
  if (!canonical) return null;
  return (
    <>
      <link rel="canonical" href={canonical} />
      {languageLinks.map((link) => (
        <link rel="alternate" hreflang={link.lang} href={new URL(link.href, canonical).href} />
      ))}
      <meta property="og:type" content={kind} />
      <meta property="og:title" content={title} />
      {description && <meta property="og:description" content={description} />}
      <meta property="og:url" content={canonical} />
    </>
  );
}

/** The folio line of a page, its parts divided by a middle dot. */
export function Folio({ parts }: { parts: readonly Child[] }) {
  return (
    <p class="folio">
      {parts.map((part, at) => (
        <>
          {at > 0 && ' · '}
          <span>{part}</span>
        </>
      ))}
    </p>
  );
}

/** The same page in each language, by the language's own name. */
function LanguageLinks({ label, links }: { label: string; links: readonly LanguageLink[] }) {
  return (
    <nav class="language-links" aria-label={label}>
      <ul>
        {links.map(({ lang, name, href, current }) => (
          <li>
            <a href={href} hreflang={lang} lang={lang} aria-current={current ? 'page' : undefined}>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** What is wrong with a form, on top of the page, each sentence a link to its field. */
export function ErrorSummary(props: { title: string; errors: readonly { field: string; text: string }[] }) {
  return (
    <div class="error-summary" role="alert" aria-labelledby="error-summary-title">
      <h2 id="error-summary-title">{props.title}</h2>
      <ul>
        {props.errors.map(({ field, text }) => (
          <li>
            <a href={`#${field}`}>{text}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}
