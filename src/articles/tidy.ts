import { rowId } from '../lib/ids.ts';
import type { IncomingArticle } from './article.ts';
import { articleUrl } from './article-url.ts';
import { paragraphsOfHtml, paragraphsOfText } from './clean-text.ts';
import {
  deriveDek,
  languageOf,
  sectionKey,
  tidyAuthors,
  tidyDek,
  tidyImage,
  tidyTags,
  tidyTitle,
} from './fields.ts';
import { findImage } from './find-image.ts';
import type { FoundArticle, FoundImage } from './found.ts';
import { withoutPromotion } from './promotion.ts';
import { readInstant } from './read-instant.ts';

/** What is known of an article besides what its own text says. */
export interface Surroundings {
  /** Where it was found; relative addresses hang on it. */
  url?: string | undefined;
  /** Decided by an operator: wins over what the article says. */
  lang?: string | undefined;
  section?: string | undefined;
  /** For an article that does not say. */
  langDefault?: string | undefined;
  /** From what a feed calls a section to what the newsletters call it. */
  sections?: Readonly<Record<string, string>> | undefined;
}

export type Tidied =
  | { kind: 'article'; article: IncomingArticle; remarks: Remark[] }
  /** Not an article yet; `found` is what could be understood of it. */
  | { kind: 'unusable'; found: Partial<IncomingArticle>; remarks: Remark[] };

/** What could not be understood, and where. */
export interface Remark {
  field: string;
  code: 'title_missing' | 'lang_missing' | 'invalid_lang' | 'invalid_date' | 'invalid_url' | 'invalid_id';
  message: string;
}

/** A description this long is no summary but the text. */
const summaryCharsMax = 400;
const guidCharsMax = 500;

/**
 * Makes one article out of what a reader found, whatever the format: so equal articles come out equal (O6). What cannot be
 * understood is left out with a remark; without a title or a language there is no article.
 */
export function tidy(found: FoundArticle, around: Surroundings = {}): Tidied {
  const remarks: Remark[] = [];
  const remark = (field: string, code: Remark['code'], message: string) => {
    remarks.push({ field, code, message });
  };
  const title = tidyTitle(found.title ?? '');
  if (title === '') remark('title', 'title_missing', 'there is no title');
  const lang = languageFor(found, around, remark);
  const { dek, paragraphs } = textOf(found, title, lang ?? 'und');
  const author = tidyAuthors(found.authors ?? []);
  const section = sectionFor(found, around);
  const tags = tidyTags(found.tags ?? []);
  const image = imageOf(found, around.url);
  const canonicalUrl = found.url === undefined ? undefined : articleUrl(found.url, around.url);
  if (found.url !== undefined && canonicalUrl === undefined) {
    remark('url', 'invalid_url', `not an http or https URL: ${found.url.slice(0, 200)}`);
  }
  const guid = found.guid?.trim().slice(0, guidCharsMax) || undefined;
  const translationOf = translated(found, remark);
  const publishedAt = instant('published_at', found.published, remark);
  const embargoUntil = zonedInstant('embargo_until', found.embargoUntil, remark);
  const expiresAt = zonedInstant('expires_at', found.expires, remark);
  const understood = {
    ...(canonicalUrl && { canonicalUrl }),
    ...(guid && { guid }),
    ...(translationOf && { translationOf }),
    ...(dek && { dek }),
    ...(paragraphs.length > 0 && { body: paragraphs.join('\n\n') }),
    ...(author && { author }),
    ...(section && { section }),
    ...(tags.length > 0 && { tags }),
    ...(image && { image }),
    ...(publishedAt && { publishedAt }),
    ...(embargoUntil && { embargoUntil }),
    ...(expiresAt && { expiresAt }),
    ...(found.priority !== undefined && { priority: found.priority }),
    ...(found.never !== undefined && { never: found.never }),
  };
  if (title !== '' && lang) return { kind: 'article', article: { title, lang, ...understood }, remarks };
  const named = { ...(title !== '' && { title }), ...(lang && { lang }) };
  return { kind: 'unusable', found: { ...named, ...understood }, remarks };
}

type Remarker = (field: string, code: Remark['code'], message: string) => void;

function languageFor(found: FoundArticle, around: Surroundings, remark: Remarker): string | undefined {
  const named = around.lang ?? found.lang ?? around.langDefault;
  const lang = languageOf(named ?? '') ?? languageOf(around.langDefault ?? '');
  if (lang) return lang;
  if (named) remark('lang', 'invalid_lang', `not a language: ${named.slice(0, 40)}`);
  else remark('lang', 'lang_missing', 'the language is not said');
  return undefined;
}

/** A title or dek that opens the body again is left out of it; a "summary" that holds the whole text becomes the body. */
function textOf(
  found: FoundArticle,
  title: string,
  lang: string,
): { dek: string | undefined; paragraphs: string[] } {
  const summary = found.dek === undefined ? [] : paragraphsOfHtml(found.dek);
  const told = found.bodyHtml ? paragraphsOfHtml(found.bodyHtml) : paragraphsOfText(found.bodyText ?? '');
  const summaryIsText = summary.length > 1 || summary.join(' ').length > summaryCharsMax;
  const all = withoutPromotion(told.length === 0 && summaryIsText ? summary : told);
  const paragraphs = all[0] !== undefined && tidyTitle(all[0]) === title ? all.slice(1) : all;
  const said = summaryIsText ? '' : tidyDek(found.dek ?? '');
  const dek = said !== '' && said !== title ? said : deriveDek(paragraphs, lang);
  return { dek, paragraphs };
}

function sectionFor(found: FoundArticle, around: Surroundings): string | undefined {
  const names = [found.section, ...(found.tags ?? [])].flatMap((name) => (name ? [name] : []));
  for (const name of names) {
    const mapped = around.sections?.[name] ?? around.sections?.[sectionKey(name) ?? ''];
    if (mapped !== undefined) return sectionKey(mapped);
  }
  return sectionKey(around.section ?? names[0] ?? '');
}

/** The picture that was named, with the words that the text gives it; else the first picture of the text. */
function imageOf(found: FoundArticle, base: string | undefined) {
  const named = found.image && tidyImage(found.image, base);
  if (named?.alt) return named;
  const inText = found.bodyHtml ? findImage(found.bodyHtml, named?.url, base) : undefined;
  const shown: FoundImage | undefined = inText;
  const tidied = shown && tidyImage(shown, base);
  return tidied ? { ...tidied, ...named, alt: tidied.alt } : named;
}

function translated(found: FoundArticle, remark: Remarker): number | undefined {
  if (found.translationOf === undefined) return undefined;
  const id = rowId('article', found.translationOf);
  if (id === undefined) {
    remark('story', 'invalid_id', `not an article's id: ${found.translationOf.slice(0, 40)}`);
  }
  return id;
}

function instant(field: string, text: string | undefined, remark: Remarker): Date | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const read = readInstant(text);
  if (!read) remark(field, 'invalid_date', `date cannot be read: ${text.slice(0, 60)}`);
  return read?.at;
}

/** An embargo that is read in the wrong zone ends hours early: so the zone has to be said. */
function zonedInstant(field: string, text: string | undefined, remark: Remarker): Date | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const read = readInstant(text);
  if (read?.zoned) return read.at;
  const problem = read
    ? `date needs a time and a zone, such as 2026-07-14T07:00+07:00: ${text.slice(0, 60)}`
    : `date cannot be read: ${text.slice(0, 60)}`;
  remark(field, 'invalid_date', problem);
  return undefined;
}
