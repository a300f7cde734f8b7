import type { NewsStory } from './news-story.ts';
import { pictureSize } from './picture.ts';

/** One language of the news site: its name, its stories and where they stand. */
export interface Desk {
  lang: 'en' | 'id';
  title: string;
  stories: readonly NewsStory[];
  /** `http://localhost:3001`, without a slash at its end. */
  origin: string;
  /** Stories are so many minutes older than this. */
  openedAt: Date;
}

export function storyUrl({ origin, lang }: Pick<Desk, 'origin' | 'lang'>, story: NewsStory): string {
  return `${origin}/${lang}/${story.slug}`;
}

export function pictureUrl(origin: string, { motif, seed }: NonNullable<NewsStory['picture']>): string {
  return `${origin}/pictures/${motif}-${seed}.png`;
}

export function publishedAt({ openedAt }: Pick<Desk, 'openedAt'>, story: NewsStory): Date {
  return new Date(openedAt.getTime() - story.minutesAgo * 60_000);
}

/** The desk's stories as RSS 2.0, with the elements of Media RSS, Dublin Core and Content that news sites use. */
export function rssFeed(desk: Desk): string {
  const items = [...desk.stories].sort(newestFirst).map((story) => rssItem(desk, story));
  return `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel>
<title>${xml(desk.title)}</title>
<link>${xml(`${desk.origin}/${desk.lang}`)}</link>
<description>${xml(desk.title)}</description>
<language>${desk.lang}</language>
<ttl>15</ttl>
${items.join('\n')}
</channel>
</rss>
`;
}

/** The desk's stories as JSON Feed 1.1. */
export function jsonFeed(desk: Desk): string {
  return JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title: desk.title,
    home_page_url: `${desk.origin}/${desk.lang}`,
    language: desk.lang,
    items: [...desk.stories].sort(newestFirst).map((story) => {
      const url = storyUrl(desk, story);
      const picture = story.picture && {
        image: pictureUrl(desk.origin, story.picture),
      };
      return {
        id: url,
        url,
        title: story.headline,
        summary: story.dek,
        content_html: bodyHtml(desk, story),
        authors: [{ name: story.author }],
        tags: [story.section],
        date_published: publishedAt(desk, story).toISOString(),
        ...picture,
      };
    }),
  });
}

function rssItem(desk: Desk, story: NewsStory): string {
  const url = xml(storyUrl(desk, story));
  const picture = story.picture
    ? `<media:content url="${xml(pictureUrl(desk.origin, story.picture))}" medium="image" type="image/png" width="${pictureSize.width}" height="${pictureSize.height}"><media:description>${xml(story.picture.alt)}</media:description></media:content>\n`
    : '';
  return `<item>
<title>${xml(story.headline)}</title>
<link>${url}</link>
<guid>${url}</guid>
<pubDate>${publishedAt(desk, story).toUTCString()}</pubDate>
<category>${xml(story.section)}</category>
<dc:creator>${xml(story.author)}</dc:creator>
<description>${xml(story.dek)}</description>
${picture}<content:encoded>${xml(bodyHtml(desk, story))}</content:encoded>
</item>`;
}

/** JSON Feed has no words for a picture: they stand with it in the text. */
function bodyHtml({ origin }: Desk, { picture, paragraphs }: NewsStory): string {
  const { width, height } = pictureSize;
  const figure = picture
    ? `<img src="${xml(pictureUrl(origin, picture))}" alt="${xml(picture.alt)}" width="${width}" height="${height}">`
    : '';
  return figure + paragraphs.map((paragraph) => `<p>${xml(paragraph)}</p>`).join('');
}

function newestFirst(a: NewsStory, b: NewsStory): number {
  return a.minutesAgo - b.minutesAgo;
}

function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
