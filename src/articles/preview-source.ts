import type { Context } from '../context.ts';
import { inspectSource } from './inspect-source.ts';
import { type Surroundings, type Tidied, tidy } from './tidy.ts';

export interface SourcePreview {
  kind: 'feed' | 'page';
  /** What would be polled: the feed that a page names, say. */
  url: string;
  title: string | undefined;
  lang: string | undefined;
  /** All feeds that the page names. */
  feeds: string[];
  /** The first ten articles as they would come in, or why one would not. */
  items: Tidied[];
}

const itemsShownMax = 10;

/** Shows what a source would bring, field by field, and stores nothing. @throws Refusal 422 as `inspectSource`. */
export async function previewSource(
  ctx: Context,
  asked: {
    url: string;
    kind?: 'feed' | 'page' | undefined;
    lang?: string | undefined;
    section?: string | undefined;
  },
): Promise<SourcePreview> {
  const inspected = await inspectSource(ctx, asked);
  const { kind, url, feeds } = inspected;
  if (inspected.kind === 'page') {
    const { page } = inspected;
    const around: Surroundings = { url, lang: asked.lang, section: asked.section };
    const items = page.kind === 'article' ? [tidy(page.found, around)] : [];
    const found = page.kind === 'article' ? page.found : undefined;
    return { kind, url, feeds, title: found?.title, lang: asked.lang ?? found?.lang, items };
  }
  const { feed } = inspected;
  const around: Surroundings = {
    url: feed.base ?? url,
    section: asked.section,
    langDefault: asked.lang ?? feed.lang,
  };
  const items = feed.items.slice(0, itemsShownMax).map((item) => tidy(item, around));
  return { kind, url, feeds, title: feed.title, lang: asked.lang ?? feed.lang, items };
}
