import { countWords } from '../articles/clean-text.ts';
import { minutesFor } from '../articles/minutes.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { longDate } from '../platform/i18n/dates.ts';
import { dirOf, languageName } from '../platform/i18n/languages.ts';
import { say } from '../platform/i18n/messages.ts';
import type { BriefView, DigestView, ImageView, LeadView, StoryView } from '../platform/render/views.ts';
import { addressOf, mailedUrl, opinionUrl } from './addresses.ts';
import { bulkFooter } from './bulk-footer.ts';
import { correctionWords } from './correction-words.ts';
import { greetingWords } from './day-part.ts';
import type { Edition } from './edition.ts';
import { preheaderFrom, subjectFrom } from './headlines.ts';
import { onlySection, sectionsOf } from './sections.ts';
import type { Page, Shown } from './shown.ts';

/** Thumbnails cost a block of their own each, and mail its size. */
const thumbnailsMax = 4;
const defaultImage = { width: 1200, height: 675 };

/**
 * What the digest's template is given: every word of one edition in one language. Pure, so the preview shows exactly what
 * the mail will say.
 */
export function digestView(at: {
  edition: Edition;
  newsletter: Newsletter;
  page: Page;
  lang: string;
  baseUrl: string;
  /** Where its page is, for who is to read it. */
  url: string;
}): DigestView {
  const { edition, newsletter, page, lang, baseUrl, url } = at;
  const promise = newsletter.promise[lang] ?? newsletter.promise[newsletter.languages[0] ?? ''] ?? '';
  const others = [...page.sections.flatMap((section) => section.stories), ...page.briefs];
  const subject = edition.subject[lang] ?? subjectFrom(page.lead.article.title);
  const greeting = greetingWords(edition, newsletter, lang).usual;
  const stories = storyViews(page, { url, lang });
  const words = countWords([greeting, ...texts(page)].join(' '));
  return {
    lang,
    dir: dirOf(lang),
    title: subject.replaceAll('[[', '[ ['),
    preheader:
      edition.preheader[lang] ??
      preheaderFrom(
        others.map((one) => one.article.title),
        { dek: page.lead.article.dek, promise },
      ),
    folio: {
      date: longDate(lang, edition.slotAt, newsletter.timeZone),
      ...(edition.number === undefined
        ? {}
        : { number: say(lang, 'digest.number', { number: String(edition.number) }) }),
      minutes: say(lang, 'digest.minutes', { count: minutesFor(words, lang) }),
      viewInBrowser: { label: say(lang, 'digest.view_in_browser'), url },
    },
    masthead: { name: newsletter.name, promise },
    greeting,
    ...noticeOf(page, newsletter, lang),
    lead: leadView(page.lead, { newsletter, url, lang }),
    sections: page.sections.map((section) => ({
      key: section.key,
      label: sectionLabel(newsletter, section.key, lang),
      stories: section.stories.flatMap((one) => stories.get(one.storyId) ?? []),
    })),
    ...(page.briefs.length === 0
      ? {}
      : {
          briefs: {
            label: say(lang, 'digest.briefs'),
            items: page.briefs.map((one) => briefView(one, url)),
          },
        }),
    ...(newsletter.sections.length > 0 && page.sections.length > 0
      ? { nothing: say(lang, 'digest.nothing') }
      : {}),
    ...(page.missed && page.missed.length > 0
      ? {
          missed: {
            label: say(lang, 'digest.missed'),
            items: page.missed.map((one) => briefView(one, url)),
          },
        }
      : {}),
    ...correctionsOf(page, { newsletter, lang, baseUrl }),
    ...(page.web.length > 0
      ? { more: { label: say(lang, 'digest.more', { count: page.web.length }), url } }
      : {}),
    ...(newsletter.opinions
      ? {
          opinions: {
            more: { label: say(lang, 'digest.opinion.more'), url: opinionUrl(url, 'more') },
            less: { label: say(lang, 'digest.opinion.less'), url: opinionUrl(url, 'less') },
          },
        }
      : {}),
    passItOn: {
      forward: { label: say(lang, 'digest.forward'), url: forwardUrl(newsletter.name, subject, url) },
      signUp: {
        text: say(lang, 'digest.forwarded'),
        label: say(lang, 'digest.get_free'),
        url: `${baseUrl}/s/${newsletter.slug}?lang=${lang}`,
      },
    },
    footer: bulkFooter(newsletter, lang),
  };
}

/** Corrections of earlier editions, in the reader's language or as they were written. */
function correctionsOf(
  { corrected = [] }: Page,
  at: { newsletter: Newsletter; lang: string; baseUrl: string },
): Pick<DigestView, 'corrections'> {
  const { newsletter, lang, baseUrl } = at;
  if (corrected.length === 0) return {};
  return {
    corrections: {
      label: say(lang, 'digest.corrections'),
      items: corrected.map((one) => {
        const { text, written } = correctionWords(one, lang, newsletter.timeZone);
        const url = mailedUrl(baseUrl, newsletter, one.edition, lang);
        return { text, url, ...(written === lang ? {} : { lang: written }) };
      }),
    },
  };
}

/** A thin day is said, not hidden: in the edition that is short, or in the one after the day without any. */
function noticeOf(page: Page, newsletter: Newsletter, lang: string): { notice?: string } {
  if (page.skippedAt) {
    const day = longDate(lang, page.skippedAt, newsletter.timeZone);
    return { notice: say(lang, 'digest.notice.skipped', { day }) };
  }
  return page.thin ? { notice: say(lang, 'digest.notice.short') } : {};
}

function briefView(one: Shown, editionUrl: string): BriefView {
  return {
    id: one.storyId,
    text: one.article.title,
    url: addressOf(one.article, editionUrl),
    ...(one.foreign ? { lang: one.foreign } : {}),
  };
}

function leadView(one: Shown, at: { newsletter: Newsletter; url: string; lang: string }): LeadView {
  const { article } = one;
  const image = imageView(one);
  return {
    id: one.storyId,
    ...(one.section && one.section !== onlySection
      ? { kicker: sectionLabel(at.newsletter, one.section, at.lang) }
      : {}),
    ...(image ? { image } : {}),
    headline: article.title,
    url: addressOf(article, at.url),
    ...(article.dek ? { dek: article.dek } : {}),
    ...(article.author ? { byline: say(at.lang, 'digest.byline', { author: article.author }) } : {}),
    ...minutes(one, at.lang),
    ...foreign(one),
  };
}

function storyViews(page: Page, at: { url: string; lang: string }): Map<number, StoryView> {
  let thumbnails = 0;
  const views = new Map<number, StoryView>();
  for (const section of page.sections) {
    section.stories.forEach((one, index) => {
      const image = index === 0 && thumbnails < thumbnailsMax ? imageView(one) : undefined;
      if (image) thumbnails += 1;
      views.set(one.storyId, {
        id: one.storyId,
        headline: one.article.title,
        url: addressOf(one.article, at.url),
        ...(one.article.dek ? { dek: one.article.dek } : {}),
        ...minutes(one, at.lang),
        ...(image ? { image } : {}),
        ...foreign(one),
      });
    });
  }
  return views;
}

/** A picture without its alternative text is not shown at all. */
function imageView(one: Shown): ImageView | undefined {
  const { image } = one.article;
  if (!image || image.alt.trim() === '') return undefined;
  return { ...defaultImage, ...image };
}

function minutes(one: Shown, lang: string): { minutes?: string } {
  const { words, lang: written } = one.article;
  return words > 0
    ? { minutes: say(lang, 'digest.story_minutes', { count: minutesFor(words, written) }) }
    : {};
}

function foreign(one: Shown): { lang?: string; langName?: string } {
  return one.foreign ? { lang: one.foreign, langName: languageName(one.foreign) } : {};
}

function sectionLabel(newsletter: Newsletter, key: string, lang: string): string {
  const section = sectionsOf(newsletter).find((one) => one.key === key);
  return section?.label[lang] ?? Object.values(section?.label ?? {})[0] ?? key;
}

function forwardUrl(name: string, subject: string, url: string): string {
  return `mailto:?subject=${encodeURIComponent(`${name}: ${subject}`)}&body=${encodeURIComponent(url)}`;
}

function texts(page: Page): string[] {
  const all = [page.lead, ...page.sections.flatMap((section) => section.stories)];
  return [
    ...all.flatMap(({ article }) => [article.title, article.dek ?? '']),
    ...page.briefs.map((one) => one.article.title),
  ];
}
