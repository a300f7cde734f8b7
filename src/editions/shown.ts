import type { Article } from '../articles/article.ts';
import type { StoryRow } from './queries.ts';

/** A story as readers of one language see it. */
export interface Shown {
  storyId: number;
  article: Article;
  section: string | undefined;
  /** The article's own language, when it is not the reader's. */
  foreign: string | undefined;
}

export interface Page {
  lead: Shown;
  sections: { key: string; stories: Shown[] }[];
  briefs: Shown[];
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
  const all = pool.stories.filter((story) => ['lead', 'section', 'brief'].includes(story.place));
  const own = all.flatMap((story) => inLanguage(pool, story, language, false));
  const ownCount = own.filter((one) => placeOf(all, one) !== 'brief').length;
  const mark = pool.langGap === 'mark' || ownCount < pool.storiesMin;
  const shown = mark ? all.flatMap((story) => inLanguage(pool, story, language, true)) : own;
  const lead = shown.find((one) => placeOf(all, one) === 'lead' && !one.foreign) ?? leadOf(shown, all);
  if (!lead) return undefined;
  const rest = shown.filter((one) => one !== lead);
  const sections = pool.sections.map((key) => ({
    key,
    stories: rest.filter((one) => one.section === key && placeOf(all, one) !== 'brief'),
  }));
  const homed = new Set(sections.flatMap((section) => section.stories));
  return {
    lead,
    sections: sections.filter((section) => section.stories.length > 0),
    briefs: rest.filter((one) => !homed.has(one)),
  };
}

function inLanguage(pool: Pool, story: StoryRow, language: string, mark: boolean): Shown[] {
  const versions = pool.articles.filter((article) => article.storyId === story.storyId);
  const exact = versions.find((article) => article.lang === language);
  const article = exact ?? (mark ? versions[0] : undefined);
  if (!article) return [];
  const foreign = article.lang === language ? undefined : article.lang;
  return [{ storyId: story.storyId, article, section: story.section, foreign }];
}

function leadOf(shown: readonly Shown[], all: readonly StoryRow[]): Shown | undefined {
  return shown.find((one) => placeOf(all, one) === 'lead') ?? shown[0];
}

function placeOf(all: readonly StoryRow[], one: Shown): StoryRow['place'] | undefined {
  return all.find((story) => story.storyId === one.storyId)?.place;
}
