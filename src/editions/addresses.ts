import type { Article } from '../articles/article.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { type Edition, slotName } from './edition.ts';

/** The public page of an edition. It holds no token, so whoever forwards it gives nothing away. */
export function webUrl(baseUrl: string, newsletter: Newsletter, edition: Edition, lang: string): string {
  const kind = edition.kind === 'weekly' ? 'weekly/' : '';
  const path = `${newsletter.slug}/${kind}${slotName(edition)}`;
  return lang === newsletter.languages[0] ? `${baseUrl}/${path}` : `${baseUrl}/${lang}/${path}`;
}

/** Where a story is read: at its own address, or, when it has none, in full on the edition's page. */
export function addressOf(article: Article, editionUrl: string): string {
  return article.canonicalUrl ?? `${editionUrl}#${storyAnchor(article)}`;
}

export function storyAnchor(article: Article): string {
  return `story-${article.storyId}`;
}
