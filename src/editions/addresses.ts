import type { Article } from '../articles/article.ts';
import { archiveUrl } from '../newsletters/archive-url.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type Edition, type SlotName, slotName, type Wish } from './edition.ts';

/**
 * The page of an edition. It holds nothing of a reader, so whoever forwards it gives nothing away. A private newsletter's
 * cannot be guessed: the edition's key stands in it, the same for everyone who has the mail.
 */
export function webUrl(
  baseUrl: string,
  newsletter: Housed,
  edition: SlotName & Pick<Edition, 'webKey'> & Partial<Pick<Edition, 'kind'>>,
  lang: string,
): string {
  return pageUrl(baseUrl, newsletter, edition, lang, newsletter.visibility === 'private');
}

/**
 * The same page as a mail links to it: while it has not appeared for everybody its key opens it, and afterwards leads to where
 * it is for everybody.
 */
export function mailedUrl(
  baseUrl: string,
  newsletter: Housed,
  edition: SlotName & Pick<Edition, 'webKey' | 'archiveDelayMinutes'> & Partial<Pick<Edition, 'kind'>>,
  lang: string,
): string {
  const needsKey = newsletter.visibility === 'private' || edition.archiveDelayMinutes > 0;
  return pageUrl(baseUrl, newsletter, edition, lang, needsKey);
}

type Housed = Pick<Newsletter, 'slug' | 'languages' | 'visibility'>;

function pageUrl(
  baseUrl: string,
  newsletter: Housed,
  edition: SlotName & Pick<Edition, 'webKey'> & Partial<Pick<Edition, 'kind'>>,
  lang: string,
  needsKey: boolean,
): string {
  const kind = edition.kind === 'weekly' ? 'weekly/' : '';
  const key = needsKey ? `/${edition.webKey}` : '';
  return `${archiveUrl(baseUrl, newsletter, lang)}/${kind}${slotName(edition)}${key}`;
}

/** Where a reader of the edition says that they wish for more like it, or less: the same for all of them. */
export function opinionUrl(editionUrl: string, wish: Wish): string {
  return `${editionUrl}/${wish}`;
}

/** Where a story is read: at its own address, or, when it has none, in full on the edition's page. */
export function addressOf(article: Article, editionUrl: string): string {
  return article.canonicalUrl ?? `${editionUrl}#${storyAnchor(article)}`;
}

export function storyAnchor(article: Article): string {
  return `story-${article.storyId}`;
}
