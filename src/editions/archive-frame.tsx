import { raw } from 'hono/html';
import type { Child } from 'hono/jsx';
import { archiveUrl } from '../newsletters/archive-url.ts';
import { boxHtml } from '../newsletters/embed.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Wordings } from '../newsletters/wordings.ts';
import type { LanguageLink, PageFrame } from '../platform/http/layout.tsx';
import { dirOf, languageName } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';

/** What every page of an archive is drawn for. */
export interface Archive {
  newsletter: Newsletter;
  lang: string;
  baseUrl: string;
  /** The words of its sign-up box; none where nobody may sign up. */
  wordings: Wordings | undefined;
}

/** What stands around a page of the archive. `urls` are the page's own addresses by language. */
export function archiveFrame(
  { newsletter, lang }: Archive,
  urls: readonly { lang: string; url: string }[],
): PageFrame & { legal: Child; noindex: boolean } {
  const links: LanguageLink[] = urls.map((one) => ({
    lang: one.lang,
    name: languageName(one.lang),
    href: pathOf(one.url),
    current: one.lang === lang,
  }));
  return {
    lang,
    dir: dirOf(lang),
    words: { skip: say(lang, 'page.skip'), languages: say(lang, 'page.languages') },
    languageLinks: links,
    noindex: newsletter.visibility === 'private',
    legal: (
      <>
        <p>
          {newsletter.legalName}, {newsletter.postalAddress}
        </p>
        <p>
          <a href={newsletter.privacyUrl}>{say(lang, 'digest.privacy')}</a>
        </p>
      </>
    ),
  };
}

/** For the head of every page of a public archive: where its feeds are, whose it is, and which language is its own. */
export function ArchiveHead({ archive, url }: { archive: Archive; url: string | undefined }) {
  const { newsletter, baseUrl, lang } = archive;
  if (newsletter.visibility === 'private') return null;
  const feeds = archiveUrl(baseUrl, newsletter, lang);
  return (
    <>
      {url && <link rel="alternate" hreflang="x-default" href={url} />}
      <link rel="alternate" type="application/rss+xml" title={newsletter.name} href={`${feeds}/feed.xml`} />
      <link
        rel="alternate"
        type="application/feed+json"
        title={newsletter.name}
        href={`${feeds}/feed.json`}
      />
      <meta property="og:site_name" content={newsletter.publisherName} />
    </>
  );
}

/** The sign-up box, the same that publishers paste into articles; folded at the top of a page, open at its end. */
export function ArchiveBox({ archive, place }: { archive: Archive; place: 'top' | 'end' }) {
  const { newsletter, lang, baseUrl, wordings } = archive;
  if (!wordings) return null;
  const box = raw(boxHtml(newsletter, lang, { baseUrl, wordings, src: `archive-${place}`, place }));
  if (place === 'end') return box;
  return (
    <details class="folded">
      <summary>{say(lang, 'archive.get', { newsletter: newsletter.name })}</summary>
      {box}
    </details>
  );
}

export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}
