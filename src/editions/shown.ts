import type { Article } from '../articles/article.ts';
import type { StoryRow } from './queries.ts';
import type { Corrected } from './recent-corrections.ts';

/** A story as readers of one language see it. */
export interface Shown {
  storyId: number;
  article: Article;
  section: string | undefined;
  /** Where it ranks in its edition; 1 comes first. */
  position: number;
  /** The article's own language, when it is not the reader's. */
  foreign: string | undefined;
}

export interface Page {
  lead: Shown;
  sections: { key: string; stories: Shown[] }[];
  briefs: Shown[];
  /** Stories that found no room in the mail and are read on the web. */
  web: Shown[];
  /** Fewer stories than the newsletter calls a full edition. */
  thin: boolean;
  /** The day that was left out before this edition, when stories of it are here. */
  skippedAt?: Date | undefined;
  /** Stories of earlier editions, for who was not sent them. */
  missed?: Shown[];
  /** What was put right in earlier editions since the last one. */
  corrected?: Corrected[];
}

export interface Pool {
  stories: readonly StoryRow[];
  /** All articles of those stories. */
  articles: readonly Article[];
  /** Section keys in the newsletter's order. */
  sections: readonly string[];
  langGap: 'omit' | 'mark';
  storiesMin: number;
}

/**
 * What an edition shows in one language: each story in that language, or, where the newsletter says so or too few are
 * left, in the language it has, marked. Pure: preview, mail and web page call it and agree.
 *
 * @returns `undefined` when the edition has nothing at all to show.
 */
export function shownIn(pool: Pool, language: string): Page | undefined {
  const all = pool.stories.filter((story) => ['lead', 'section', 'brief', 'web'].includes(story.place));
  const own = all.flatMap((story) => inLanguage(pool, story, language, false));
  const ownCount = own.filter((one) => isFull(placeOf(all, one))).length;
  const mark = pool.langGap === 'mark' || ownCount < pool.storiesMin;
  const shown = mark ? all.flatMap((story) => inLanguage(pool, story, language, true)) : own;
  const lead = shown.find((one) => placeOf(all, one) === 'lead' && !one.foreign) ?? leadOf(shown, all);
  if (!lead) return undefined;
  const web = shown.filter((one) => one !== lead && placeOf(all, one) === 'web');
  const rest = shown.filter((one) => one !== lead && !web.includes(one));
  const sections = pool.sections.map((key) => ({
    key,
    stories: rest.filter((one) => one.section === key && placeOf(all, one) !== 'brief'),
  }));
  const homed = new Set(sections.flatMap((section) => section.stories));
  return {
    lead,
    sections: sections.filter((section) => section.stories.length > 0),
    briefs: rest.filter((one) => !homed.has(one)),
    web,
    thin: 1 + homed.size < pool.storiesMin,
  };
}

/** Moves the lowest-ranked stories to the web until so many bytes are saved; the lead stays. Pure. */
export function moveToWeb(page: Page, bytes: number, bytesOf: (one: Shown) => number): Page {
  const byRank = [...page.sections.flatMap((section) => section.stories), ...page.briefs].sort(
    (a, b) => b.position - a.position,
  );
  const moved = new Set<Shown>();
  let saved = 0;
  for (const one of byRank) {
    if (saved >= bytes) break;
    moved.add(one);
    saved += bytesOf(one);
  }
  const stay = (stories: readonly Shown[]) => stories.filter((one) => !moved.has(one));
  return {
    ...page,
    sections: page.sections
      .map(({ key, stories }) => ({ key, stories: stay(stories) }))
      .filter((section) => section.stories.length > 0),
    briefs: stay(page.briefs),
    web: [...page.web, ...byRank.filter((one) => moved.has(one)).reverse()],
  };
}

function isFull(place: StoryRow['place'] | undefined): boolean {
  return place === 'lead' || place === 'section';
}

/** One article as readers of a language see it. */
export function shownOf(
  article: Article,
  at: { section: string | undefined; position: number },
  language: string,
): Shown {
  const foreign = article.lang === language ? undefined : article.lang;
  return { storyId: article.storyId, article, ...at, foreign };
}

function inLanguage(pool: Pool, story: StoryRow, language: string, mark: boolean): Shown[] {
  const versions = pool.articles.filter((article) => article.storyId === story.storyId);
  const exact = versions.find((article) => article.lang === language);
  const article = exact ?? (mark ? versions[0] : undefined);
  if (!article) return [];
  return [shownOf(article, { section: story.section, position: story.position }, language)];
}

function leadOf(shown: readonly Shown[], all: readonly StoryRow[]): Shown | undefined {
  return shown.find((one) => placeOf(all, one) === 'lead') ?? shown[0];
}

function placeOf(all: readonly StoryRow[], one: Shown): StoryRow['place'] | undefined {
  return all.find((story) => story.storyId === one.storyId)?.place;
}
