import type { Newsletter } from '../newsletters/newsletter.ts';
import type { EditionPage } from './edition-page.ts';

/** What search engines are told of an edition: a page of a newsletter whose main matter is a list of stories (schema.org). Pure. */
export function structured(at: {
  newsletter: Newsletter;
  page: EditionPage;
  url: string;
  archiveUrl: string;
  publishedAt: Date;
  changedAt: Date;
}): object {
  const { newsletter, page, url, archiveUrl, publishedAt, changedAt } = at;
  const { view, stories } = page;
  return {
    '@context': 'https://schema.org',
    '@type': 'CollectionPage',
    '@id': url,
    url,
    name: view.title,
    description: view.preheader,
    inLanguage: view.lang,
    datePublished: publishedAt.toISOString(),
    dateModified: changedAt.toISOString(),
    ...(view.lead.image ? { image: view.lead.image.url } : {}),
    isPartOf: { '@type': 'Periodical', name: newsletter.name, url: archiveUrl },
    publisher: { '@type': 'Organization', name: newsletter.publisherName, legalName: newsletter.legalName },
    mainEntity: {
      '@type': 'ItemList',
      itemListOrder: 'https://schema.org/ItemListOrderDescending',
      numberOfItems: stories.length,
      itemListElement: stories.map((story, at) => ({
        '@type': 'ListItem',
        position: at + 1,
        name: story.headline,
        url: story.url,
      })),
    },
  };
}

/** JSON as it may stand inside a script element: no text in it can end the element. */
export function scriptJson(value: object): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
