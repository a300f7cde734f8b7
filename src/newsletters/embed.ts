import { escapeHtml } from '../lib/escape-html.ts';
import { say, sayParts } from '../platform/i18n/messages.ts';
import { frameHeight } from './frame-height.ts';
import { inLanguage, type Newsletter } from './newsletter.ts';
import type { Wordings } from './wordings.ts';

export interface BoxOptions {
  baseUrl: string;
  /** The words the reader agrees to, in the box's language. */
  wordings: Wordings;
  /** Which form it is, kept with the consent. */
  src?: string | undefined;
  headingLevel?: 1 | 2 | 3 | 4 | undefined;
  /** Tells two boxes of one newsletter on one page apart. */
  place?: string | undefined;
  /** What the styled box and the frame follow: the reader's system, unless the page around them is of one kind. */
  theme?: 'auto' | 'light' | 'dark' | undefined;
  /** Which way the framed page runs, when the page around it runs otherwise than its language. */
  dir?: 'ltr' | 'rtl' | undefined;
  /** Sections that the subscription is to be about; none = all. */
  topics?: readonly string[] | undefined;
}

export type ChoiceOptions = Omit<BoxOptions, 'wordings' | 'topics' | 'dir'>;

/**
 * The sign-up box as plain HTML, to be pasted into an article: works without script, without our styles and under a strict
 * content policy; several boxes can share a page. Everything that comes from data is escaped.
 */
export function boxHtml(newsletter: Newsletter, lang: string, options: BoxOptions): string {
  const { baseUrl, wordings, headingLevel = 2, place } = options;
  const { slug } = newsletter;
  const id = place ? `${slug}-${place}` : slug;
  const e = escapeHtml;
  const heading = `h${headingLevel}`;
  const promise = inLanguage(newsletter.promise, lang, newsletter.languages[0]);
  return `<section class="dl-box" aria-labelledby="dl-h-${id}" lang="${e(lang)}">
  <${heading} id="dl-h-${id}">${e(say(lang, 'signup.headline', { newsletter: newsletter.name }))}</${heading}>
  <p>${e(promise)}</p>
  <form data-dateline method="post" action="${e(baseUrl)}/s/${slug}" accept-charset="utf-8">
${fieldsHtml(lang, { ...options, id, privacyUrl: newsletter.privacyUrl, consentV: [wordings.consentV] })}
  </form>
</section>
`;
}

/** A newsletter to choose, with the words that whoever chooses it agrees to. */
export interface Choice {
  newsletter: Newsletter;
  wordings: Wordings;
}

/** The same box for several newsletters, to choose from: none is ticked, and one confirmation covers those that are. */
export function choiceHtml(
  choices: readonly [Choice, ...Choice[]],
  lang: string,
  options: ChoiceOptions,
): string {
  const { baseUrl, headingLevel = 2, place = 'choice' } = options;
  const [{ newsletter: first, wordings }] = choices;
  const id = `${first.slug}-${place}`;
  const e = escapeHtml;
  const heading = `h${headingLevel}`;
  const title = say(lang, 'signup.list.title', { publisher: first.publisherName });
  const boxes = choices.map(({ newsletter }) => {
    const { slug, name, promise, languages } = newsletter;
    return `      <input id="dl-n-${id}-${slug}" name="newsletter" type="checkbox" value="${slug}" aria-describedby="dl-p-${id}-${slug}">
      <label for="dl-n-${id}-${slug}">${e(say(lang, 'signup.headline', { newsletter: name }))}</label>
      <p id="dl-p-${id}-${slug}">${e(inLanguage(promise, lang, languages[0]))}</p>`;
  });
  const consentV = choices.map((one) => `${one.newsletter.slug}:${one.wordings.consentV}`);
  return `<section class="dl-box" aria-labelledby="dl-h-${id}" lang="${e(lang)}">
  <${heading} id="dl-h-${id}">${e(title)}</${heading}>
  <form data-dateline method="post" action="${e(baseUrl)}/s" accept-charset="utf-8">
    <fieldset>
      <legend>${e(say(lang, 'signup.list.choose'))}</legend>
${boxes.join('\n')}
    </fieldset>
${fieldsHtml(lang, { ...options, topics: [], id, wordings, privacyUrl: first.privacyUrl, consentV })}
  </form>
</section>
`;
}

/** From the address to the small print: what every box has. */
function fieldsHtml(
  lang: string,
  options: Pick<BoxOptions, 'wordings' | 'src' | 'topics'> & {
    id: string;
    privacyUrl: string;
    consentV: readonly string[];
  },
): string {
  const { id, wordings, src = 'article-box', topics = [], privacyUrl, consentV } = options;
  const e = escapeHtml;
  const hidden = [
    ...(topics.length > 0 ? [['topics', topics.join(',')] as const] : []),
    ...consentV.map((version) => ['consent_v', version] as const),
  ].map(([name, value]) => `    <input type="hidden" name="${name}" value="${e(value)}">`);
  return `    <label for="dl-e-${id}">${e(say(lang, 'signup.email'))}</label>
    <input id="dl-e-${id}" name="email" type="email" required autocomplete="email" inputmode="email"
           autocapitalize="none" spellcheck="false" maxlength="254" dir="ltr">
    <input id="dl-c-${id}" name="marketing" type="checkbox" value="yes">
    <label for="dl-c-${id}">${e(wordings.marketing.text)}</label>
    <p hidden><label for="dl-w-${id}">${e(say(lang, 'signup.honeypot'))}</label>
      <input id="dl-w-${id}" name="website" tabindex="-1" autocomplete="off"></p>
    <input type="hidden" name="lang" value="${e(lang)}"><input type="hidden" name="src" value="${e(src)}">
${hidden.join('\n')}
    <button type="submit">${e(say(lang, 'signup.button'))}</button>
    <p>${smallPrint(lang, privacyUrl)}</p>`;
}

/**
 * The box with our styles, sent in place by our script: two files of ours and the plain form, which stays and works where a
 * script cannot run.
 */
export function scriptHtml(newsletter: Newsletter, lang: string, options: BoxOptions): string {
  const { topics = [] } = options;
  const attributes = {
    newsletter: newsletter.slug,
    ...(topics.length > 0 ? { topics: topics.join(',') } : {}),
  };
  return elementHtml(lang, options, attributes, boxHtml(newsletter, lang, options));
}

/** The same for several newsletters. */
export function choiceScriptHtml(
  choices: readonly [Choice, ...Choice[]],
  lang: string,
  options: ChoiceOptions,
): string {
  const newsletters = choices.map((one) => one.newsletter.slug).join(',');
  return elementHtml(lang, options, { newsletters }, choiceHtml(choices, lang, options));
}

function elementHtml(
  lang: string,
  { baseUrl, theme = 'auto' }: Pick<BoxOptions, 'baseUrl' | 'theme'>,
  attributes: Record<string, string>,
  box: string,
): string {
  const base = escapeHtml(baseUrl);
  const all = Object.entries({ ...attributes, lang, theme });
  const written = all.map(([name, value]) => `${name}="${escapeHtml(value)}"`).join(' ');
  return `<link rel="stylesheet" href="${base}/embed/v1.css">
<dateline-signup ${written}>
${box}</dateline-signup>
<script async src="${base}/embed/v1.js"></script>
`;
}

/** For editors that let neither forms nor scripts through: a frame as high as its form is on a narrow phone. */
export function frameHtml(newsletter: Newsletter, lang: string, options: BoxOptions): string {
  const { baseUrl, wordings, src, theme = 'auto', dir, topics = [] } = options;
  const query = new URLSearchParams({
    lang,
    theme,
    ...(src ? { src } : {}),
    ...(dir ? { dir } : {}),
    ...(topics.length > 0 ? { topics: topics.join(',') } : {}),
  });
  const address = escapeHtml(`${baseUrl}/embed/${newsletter.slug}?${query}`);
  const title = escapeHtml(say(lang, 'signup.frame', { newsletter: newsletter.name }));
  const height = frameHeight(newsletter, lang, wordings, narrowPx);
  return `<iframe src="${address}" title="${title}" width="100%" height="${height}" loading="lazy" style="border:0;max-inline-size:40rem"></iframe>
`;
}

const narrowPx = 320;
const widePx = 600;

/** Everything that can be pasted, with the frame's height at a narrow and at a wide place. */
export interface CopyBlocks {
  html: string;
  script: string;
  iframe: string;
  iframe_heights: { '320': number; '600': number };
}

/** What can be pasted of a box of several: a frame holds one. */
export type ChoiceBlocks = Pick<CopyBlocks, 'html' | 'script'>;

/** The two ways to put a box of several on a page, the plainest first. */
export function choiceBlocks(
  choices: readonly [Choice, ...Choice[]],
  lang: string,
  options: ChoiceOptions,
): ChoiceBlocks {
  return { html: choiceHtml(choices, lang, options), script: choiceScriptHtml(choices, lang, options) };
}

/** The three ways to put the box on a page, the plainest first. */
export function copyBlocks(newsletter: Newsletter, lang: string, options: BoxOptions): CopyBlocks {
  const height = (widthPx: number) => frameHeight(newsletter, lang, options.wordings, widthPx);
  return {
    html: boxHtml(newsletter, lang, options),
    script: scriptHtml(newsletter, lang, options),
    iframe: frameHtml(newsletter, lang, options),
    iframe_heights: { '320': height(narrowPx), '600': height(widePx) },
  };
}

function smallPrint(lang: string, privacyUrl: string): string {
  const parts = sayParts<{ html: string }>(lang, 'signup.smallprint', {
    link: (inner) => ({ html: `<a href="${escapeHtml(privacyUrl)}">${escapeHtml(inner.join(''))}</a>` }),
  });
  return parts.map((part) => (typeof part === 'string' ? escapeHtml(part) : part.html)).join('');
}
