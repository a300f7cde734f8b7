import type { AtomFeed, JsonFeed, MediaNs, RdfFeed, RssFeed } from 'feedsmith';
import type { FoundArticle, FoundImage } from './found.ts';

/** RSS 2.0, with the Dublin Core, Content and Media elements that news sites add to it. */
export function fromRss(item: RssFeed.Item<string>): FoundArticle {
  const creators = item.dc?.creators ?? item.authors?.map((author) => author.name);
  return {
    url: item.link ?? permalinkOf(item.guid),
    guid: item.guid?.value,
    title: item.title ?? item.media?.title?.value,
    dek: item.description,
    bodyHtml: item.content?.encoded,
    authors: creators,
    tags: item.categories?.map((category) => category.name) ?? item.dc?.subjects,
    lang: item.dc?.languages?.[0] ?? item.xml?.lang,
    image: mediaImage(item.media) ?? enclosedImage(item.enclosures),
    published: item.pubDate ?? item.dc?.dates?.[0],
  };
}

/** RSS 1.0. */
export function fromRdf(item: RdfFeed.Item<string>): FoundArticle {
  return {
    url: item.link ?? item.rdf?.about,
    guid: item.rdf?.about,
    title: item.title,
    dek: item.description,
    bodyHtml: item.content?.encoded,
    authors: item.dc?.creators,
    tags: item.dc?.subjects,
    lang: item.dc?.languages?.[0] ?? item.xml?.lang,
    image: mediaImage(item.media),
    published: item.dc?.dates?.[0],
  };
}

/** Atom, RFC 4287. */
export function fromAtom(entry: AtomFeed.Entry<string>, feed: AtomFeed.Feed<string>): FoundArticle {
  const link = (rel: string) => entry.links?.find((one) => (one.rel ?? 'alternate') === rel);
  const enclosure = entry.links?.find((one) => one.rel === 'enclosure' && one.type?.startsWith('image/'));
  const content = entry.content?.src ? undefined : entry.content;
  const isText = content?.type === undefined || content.type === 'text' || content.type === 'text/plain';
  return {
    url: link('alternate')?.href ?? (entry.id && /^https?:/i.test(entry.id) ? entry.id : undefined),
    guid: entry.id,
    title: entry.title?.value,
    dek: entry.summary?.value,
    bodyHtml: isText ? undefined : content?.value,
    bodyText: isText ? content?.value : undefined,
    authors: (entry.authors ?? feed.authors)?.map((author) => author.name),
    tags: entry.categories?.map((category) => category.label ?? category.term),
    lang: entry.xml?.lang ?? entry.dc?.languages?.[0],
    image:
      mediaImage(entry.media) ??
      (enclosure?.href ? { url: enclosure.href, alt: enclosure.title } : undefined),
    published: entry.published ?? entry.updated,
  };
}

/** JSON Feed 1.1, and 1.0 with its one author. */
export function fromJson(item: JsonFeed.Item<string>, feed: JsonFeed.Feed<string>): FoundArticle {
  const image = item.image ?? item.banner_image;
  return {
    url: item.url ?? (item.id && /^https?:/i.test(item.id) ? item.id : undefined),
    guid: item.id,
    title: item.title,
    dek: item.summary,
    bodyHtml: item.content_html,
    bodyText: item.content_text,
    authors: (item.authors ?? feed.authors)?.map((author) => author.name),
    tags: item.tags,
    lang: item.language,
    image: image === undefined ? undefined : { url: image },
    published: item.date_published ?? item.date_modified,
  };
}

/** A guid is an address unless it says otherwise. */
function permalinkOf(guid: RssFeed.Guid | undefined): string | undefined {
  return guid?.isPermaLink !== false && /^https?:/i.test(guid?.value ?? '') ? guid?.value : undefined;
}

/** The widest picture of the media elements, else its thumbnail. */
function mediaImage(media: MediaNs.ItemOrFeed | undefined): FoundImage | undefined {
  const groups = media ? [media, ...(media.groups ?? [])] : [];
  const pictures = groups
    .flatMap((group) => group.contents ?? [])
    .filter((one) => one.medium === 'image' || one.type?.startsWith('image/') || looksLikeImage(one.url))
    .sort((a, b) => (b.width ?? 0) - (a.width ?? 0));
  const picture = pictures[0];
  const outer = groups.find((group) => group.description)?.description?.value;
  if (picture?.url) {
    const alt = picture.description?.value ?? picture.title?.value ?? outer;
    return { url: picture.url, alt, width: picture.width, height: picture.height };
  }
  const thumbnail = groups.flatMap((group) => group.thumbnails ?? [])[0];
  if (!thumbnail?.url) return undefined;
  return { url: thumbnail.url, alt: outer, width: thumbnail.width, height: thumbnail.height };
}

function enclosedImage(enclosures: RssFeed.Item<string>['enclosures']): FoundImage | undefined {
  const image = enclosures?.find((one) => one.type?.startsWith('image/'));
  return image?.url ? { url: image.url } : undefined;
}

function looksLikeImage(url: string | undefined): boolean {
  return /\.(?:jpe?g|png|webp|gif|avif)(?:\?|$)/i.test(url ?? '');
}
