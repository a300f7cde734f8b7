import { escapeHtml } from '../lib/escape-html.ts';
import { say, sayParts } from '../platform/i18n/messages.ts';
import { inLanguage, type Newsletter } from './newsletter.ts';
import type { Wordings } from './wordings.ts';

export interface BoxOptions {
  baseUrl: string;
  /** The words the reader agrees to, in the box's language. */
  wordings: Wordings;
  /** Which form it is, kept with the consent. */
  src?: string;
  headingLevel?: 1 | 2 | 3 | 4;
  /** Tells two boxes of one newsletter on one page apart. */
  place?: string;
}

/**
 * The sign-up box as plain HTML, to be pasted into an article: works without script, without our styles and under a strict
 * content policy; several boxes can share a page. Everything that comes from data is escaped.
 */
export function boxHtml(newsletter: Newsletter, lang: string, options: BoxOptions): string {
  const { baseUrl, wordings, src = 'article-box', headingLevel = 2, place } = options;
  const { slug } = newsletter;
  const id = place ? `${slug}-${place}` : slug;
  const e = escapeHtml;
  const heading = `h${headingLevel}`;
  const promise = inLanguage(newsletter.promise, lang, newsletter.languages[0]);
  return `<section class="dl-box" aria-labelledby="dl-h-${id}" lang="${e(lang)}">
  <${heading} id="dl-h-${id}">${e(say(lang, 'signup.headline', { newsletter: newsletter.name }))}</${heading}>
  <p>${e(promise)}</p>
  <form data-dateline method="post" action="${e(baseUrl)}/s/${slug}" accept-charset="utf-8">
    <label for="dl-e-${id}">${e(say(lang, 'signup.email'))}</label>
    <input id="dl-e-${id}" name="email" type="email" required autocomplete="email" inputmode="email"
           autocapitalize="none" spellcheck="false" maxlength="254" dir="ltr">
    <input id="dl-c-${id}" name="marketing" type="checkbox" value="yes">
    <label for="dl-c-${id}">${e(wordings.marketing.text)}</label>
    <p hidden><label for="dl-w-${id}">${e(say(lang, 'signup.honeypot'))}</label>
      <input id="dl-w-${id}" name="website" tabindex="-1" autocomplete="off"></p>
    <input type="hidden" name="lang" value="${e(lang)}"><input type="hidden" name="src" value="${e(src)}">
    <input type="hidden" name="consent_v" value="${e(wordings.consentV)}">
    <button type="submit">${e(say(lang, 'signup.button'))}</button>
    <p>${smallPrint(lang, newsletter.privacyUrl)}</p>
  </form>
</section>
`;
}

function smallPrint(lang: string, privacyUrl: string): string {
  const parts = sayParts<{ html: string }>(lang, 'signup.smallprint', {
    link: (inner) => ({ html: `<a href="${escapeHtml(privacyUrl)}">${escapeHtml(inner.join(''))}</a>` }),
  });
  return parts.map((part) => (typeof part === 'string' ? escapeHtml(part) : part.html)).join('');
}
