import type { Newsletter } from './newsletter.ts';

/** Where a newsletter's archive is in one language: the newsletter's own language needs no prefix. */
export function archiveUrl(
  baseUrl: string,
  newsletter: Pick<Newsletter, 'slug' | 'languages'>,
  lang: string,
): string {
  return lang === newsletter.languages[0]
    ? `${baseUrl}/${newsletter.slug}`
    : `${baseUrl}/${lang}/${newsletter.slug}`;
}
