import type { Context as Request } from 'hono';
import type { Child } from 'hono/jsx';
import type { Newsletter, Publisher } from '../newsletters/newsletter.ts';
import type { GuardEnv } from '../platform/http/guard.ts';
import type { LanguageLink, PageFrame } from '../platform/http/layout.tsx';
import { chooseLanguage, dirOf, isLang, languageName } from '../platform/i18n/languages.ts';
import { say, sayParts } from '../platform/i18n/messages.ts';
import { placeOf } from './place.ts';

/** Tells the page around a frame how high it has become. */
const frameScriptPath = '/embed/frame.js';

export type PageRequest = Request<GuardEnv>;

/** Who speaks on a page: the newsletter, or the publisher when there is no one newsletter. */
export type Speaker = Pick<Newsletter, 'legalName' | 'postalAddress' | 'privacyUrl' | 'languages'> & {
  name: string;
};

export function speakerOf(publisher: Publisher | undefined): Speaker | undefined {
  return publisher && { ...publisher };
}

/** The language of a page: named in the URL, the form's, the reader's own, the browser's, the newsletter's. */
export function pageLanguage(
  c: PageRequest,
  about: {
    form?: string | undefined;
    setting?: string | undefined;
    available: readonly string[];
    fallback?: string | undefined;
  },
): string {
  return chooseLanguage({
    explicit: c.req.query('lang'),
    form: about.form,
    setting: about.setting,
    acceptLanguage: c.req.header('Accept-Language'),
    fallback: about.fallback ?? about.available[0] ?? 'en',
    available: about.available,
  });
}

/** The language that this page's URL names, if it names one: who switched it is answered in it. */
export function namedLanguage(c: PageRequest): { lang?: string } {
  const lang = c.req.query('lang');
  return lang !== undefined && isLang(lang) ? { lang } : {};
}

/** The same as a query, with more in front of it. */
export function languageQuery(c: PageRequest, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ ...more, ...namedLanguage(c) });
  return query.size > 0 ? `?${query}` : '';
}

/** This page's own address, for the forms on it. */
export function hereAgain(c: PageRequest): string {
  return c.req.path + languageQuery(c);
}

/** What stands around a page: whose it is, in which languages, and who is behind it. Names its language to caches and tools. */
export function pageFrame(
  c: PageRequest,
  lang: string,
  speaker: Speaker | undefined,
): PageFrame & {
  folio?: string[];
  legal?: Child;
  framed: boolean;
  theme: 'light' | 'dark' | undefined;
  frameScript: string | undefined;
} {
  const { framed, theme, dir } = placeOf(c);
  c.header('Content-Language', lang);
  return {
    framed,
    theme,
    frameScript: framed ? frameScriptPath : undefined,
    lang,
    dir: dir ?? dirOf(lang),
    words: { skip: say(lang, 'page.skip'), languages: say(lang, 'page.languages') },
    languageLinks: languageLinks(c, lang, speaker?.languages ?? []),
    ...(speaker ? { folio: [speaker.name], legal: <Legal speaker={speaker} lang={lang} /> } : {}),
  };
}

function languageLinks(c: PageRequest, current: string, languages: readonly string[]): LanguageLink[] {
  return languages.map((lang) => {
    const query = new URLSearchParams(c.req.query());
    query.set('lang', lang);
    return {
      lang,
      name: languageName(lang),
      href: `${c.req.path}?${query}`,
      current: lang === current,
    };
  });
}

function Legal({ speaker, lang }: { speaker: Speaker; lang: string }) {
  return (
    <>
      <p>
        {speaker.legalName}
        <br />
        {speaker.postalAddress}
      </p>
      <p>
        <a href={speaker.privacyUrl}>{say(lang, 'digest.privacy')}</a>
      </p>
    </>
  );
}

/** "Unsubscribe at any time. Read our privacy notice." with its link. */
export function SmallPrint({ lang, privacyUrl }: { lang: string; privacyUrl: string }) {
  // In a frame the notice takes the whole window, as it does on a page.
  const link = (inner: unknown[]) => (
    <a href={privacyUrl} target="_top">
      {inner}
    </a>
  );
  const parts = sayParts(lang, 'signup.smallprint', { link });
  return <p class="meta">{parts}</p>;
}
