import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Db } from '../platform/db/database.ts';
import { languageName } from '../platform/i18n/languages.ts';
import type { StoryView } from '../platform/render/views.ts';
import { webUrl } from './addresses.ts';
import type { EditionPage } from './edition-page.ts';
import { latestPublic } from './find.ts';
import { currentPage } from './page-queries.ts';

export interface LatestStories {
  /** The language they are in: the reader's, unless the edition lacks it. */
  lang: string;
  /** Where the whole edition is. */
  url: string;
  /** The lead first. */
  stories: StoryView[];
  storyIds: number[];
}

/** Beside the lead. */
const storiesMax = 3;

/**
 * The lead of the latest published edition and three more of its stories, from as many sections as there are, as its page
 * tells them. In the reader's language, else in the newsletter's own, each story marked. `undefined` before the first edition.
 */
export async function latestStories(
  db: Db,
  asked: { newsletter: Newsletter; lang: string; baseUrl: string; now: Date },
): Promise<LatestStories | undefined> {
  const { newsletter, lang, baseUrl, now } = asked;
  const edition = await latestPublic(db, newsletter.id, now);
  if (!edition) return undefined;
  for (const one of [lang, ...newsletter.languages.filter((other) => other !== lang)]) {
    const page = await currentPage(db, edition.id, one);
    if (!page) continue;
    const mark = one === lang ? {} : { lang: one, langName: languageName(one) };
    const chosen = choose(page);
    return {
      lang: one,
      url: webUrl(baseUrl, newsletter, edition, one),
      stories: chosen.map(({ story }) => ({ ...mark, ...story })),
      storyIds: chosen.map(({ storyId }) => storyId),
    };
  }
  return undefined;
}

/** The first of each section, then the second of each: what the editors put on top, of every kind. */
function choose({ view, stories }: EditionPage): { story: StoryView; storyId: number }[] {
  let at = 0;
  const next = () => stories[at++]?.storyId ?? 0;
  const { headline, url, dek, minutes, lang, langName } = view.lead;
  const lead: StoryView = defined({ headline, url, dek, minutes, lang, langName });
  const all = [{ story: lead, storyId: next(), rank: -1 }];
  for (const section of view.sections) {
    for (const [rank, { image, ...story }] of section.stories.entries()) {
      all.push({ story, storyId: next(), rank });
    }
  }
  return all.sort((a, b) => a.rank - b.rank).slice(0, 1 + storiesMax);
}

function defined<T extends object>(fields: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
