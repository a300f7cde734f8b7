import type { DigestView } from '../platform/render/views.ts';
import { storyAnchor } from './addresses.ts';
import { subjectFrom } from './headlines.ts';
import type { Page } from './shown.ts';

/** What the web page of an edition says in one language, kept as it was printed. It knows of no reader. */
export interface EditionPage {
  view: DigestView;
  /** Every story on it, in the order in which they stand: the lead, the sections, the briefs. */
  stories: PageStory[];
  /** Stories that have no address of their own and are told here in full. */
  told: ToldStory[];
}

export interface PageStory {
  storyId: number;
  headline: string;
  url: string;
}

export interface ToldStory {
  anchor: string;
  lang: string;
  headline: string;
  author?: string;
  paragraphs: string[];
}

/** The language of its title, where that is a story's of another language and not an editor's words. Pure. */
export function titleLangOf({
  title,
  lead,
}: Pick<DigestView, 'title'> & { lead: Titling }): string | undefined {
  return lead.lang && title === subjectFrom(lead.headline) ? lead.lang : undefined;
}

interface Titling {
  headline: string;
  lang?: string | null | undefined;
}

/** Makes the page from what the mail is made of, so that both say the same. Pure. */
export function toEditionPage(view: DigestView, content: Page): EditionPage {
  const { lead, sections, briefs } = content;
  const shown = [lead, ...sections.flatMap((section) => section.stories), ...briefs];
  const urls = [
    view.lead.url,
    ...view.sections.flatMap((section) => section.stories.map((story) => story.url)),
    ...(view.briefs?.items.map((item) => item.url) ?? []),
  ];
  return {
    view,
    stories: shown.map(({ storyId, article }, at) => ({
      storyId,
      headline: article.title,
      url: urls[at] ?? view.folio.viewInBrowser.url,
    })),
    told: shown.flatMap(({ article }) =>
      article.canonicalUrl || !article.body
        ? []
        : {
            anchor: storyAnchor(article),
            lang: article.lang,
            headline: article.title,
            ...(article.author ? { author: article.author } : {}),
            paragraphs: article.body.split(/\n{2,}/),
          },
    ),
  };
}

/** The page as it is opened by its key: what it tells in full it finds in itself, not where it is to appear. Pure. */
export function openedByKey(page: EditionPage, appearsAtUrl: string): EditionPage {
  const here = <Linked extends { url: string }>(one: Linked): Linked =>
    one.url.startsWith(`${appearsAtUrl}#`) ? { ...one, url: one.url.slice(appearsAtUrl.length) } : one;
  const { lead, sections, briefs } = page.view;
  return {
    ...page,
    view: {
      ...page.view,
      lead: here(lead),
      sections: sections.map((section) => ({ ...section, stories: section.stories.map(here) })),
      ...(briefs ? { briefs: { ...briefs, items: briefs.items.map(here) } } : {}),
    },
  };
}
