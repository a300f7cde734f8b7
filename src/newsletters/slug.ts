import { Refusal } from '../lib/errors.ts';

/** The first parts of every path that the program itself answers. A test compares it with the route table. */
export const reservedSegments: readonly string[] = [
  'about',
  'api',
  'assets',
  'confirm',
  'confirmed',
  'desk',
  'docs',
  'embed',
  'favicon.ico',
  'feed',
  'healthz',
  'm',
  'metrics',
  // The page beside the framed forms.
  'preview',
  'readyz',
  'robots.txt',
  's',
  'sitemap',
  'sitemap.xml',
  'static',
  'trap',
  'u',
  'v1',
  'well-known',
];

/** Every primary subtag of BCP 47 has two or three letters, and ISO 639-3 has named most of those. */
const languageSubtag = /^[a-z]{2,3}$/;
const written = /^[a-z][a-z0-9-]{1,58}[a-z0-9]$/;

/**
 * Refuses a slug that could not be a newsletter's address: its archive lives at `/<slug>`, beside the program's own pages and
 * the language prefixes.
 *
 * @throws Refusal 422, field `slug`.
 */
export function refuseBadSlug(slug: string): void {
  if (!written.test(slug)) {
    throw new Refusal(
      422,
      'invalid_slug',
      'A slug has 3 to 60 lower-case letters, digits and hyphens, and begins with a letter.',
      'slug',
    );
  }
  if (reservedSegments.includes(slug) || languageSubtag.test(slug)) {
    throw new Refusal(
      422,
      'reserved_slug',
      `The program needs /${slug} itself: choose another slug.`,
      'slug',
    );
  }
}
