import { articlesOfStories } from '../articles/candidates.ts';
import type { Context } from '../context.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import type { Edition } from './edition.ts';
import { editionStories, type StoryRow } from './queries.ts';
import { skippedBefore } from './recent.ts';
import { recentCorrections } from './recent-corrections.ts';
import { sectionsOf } from './sections.ts';
import { type Page, shownIn } from './shown.ts';

/**
 * What an edition shows in a language, with the articles as they are now. `whole` also shows the stories that its mail had no
 * room for and left to the web.
 */
export async function pageOf(
  ctx: Pick<Context, 'db'>,
  edition: Edition,
  newsletter: Newsletter,
  lang: string,
  { whole = false } = {},
): Promise<Page | undefined> {
  const stories = await editionStories(ctx.db, edition.id);
  const articles = await articlesOfStories(
    ctx.db,
    stories.map((story) => story.storyId),
  );
  const page = shownIn(
    {
      stories: whole ? stories.map(onTheWeb) : stories,
      articles: articles.filter((article) => !article.withdrawnAt),
      sections: sectionsOf(newsletter).map((section) => section.key),
      langGap: newsletter.langGap,
      storiesMin: newsletter.recipe.storiesMin,
    },
    lang,
  );
  if (!page) return undefined;
  const corrected = await recentCorrections(ctx.db, edition, newsletter);
  if (edition.kind === 'weekly') return { ...page, thin: false, corrected };
  return { ...page, skippedAt: await skippedBefore(ctx.db, edition), corrected };
}

function onTheWeb(story: StoryRow): StoryRow {
  return story.place === 'web' ? { ...story, place: story.section ? 'section' : 'brief' } : story;
}
