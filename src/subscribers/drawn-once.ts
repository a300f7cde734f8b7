import type { Newsletter } from '../newsletters/newsletter.ts';

/** Of one newsletter. What stands in a query is a stranger's choice, so there is no end to them. */
const pagesMax = 100;

const drawn = new WeakMap<Newsletter, Map<string, string>>();

/**
 * A page that is the same for everyone until its newsletter changes: that one is another object. `key` names all that the page
 * depends on beside it. Of a newsletter 100 pages are kept, the last that were looked at.
 */
export function drawnOnce(newsletter: Newsletter, key: string, draw: () => string): string {
  const pages = drawn.get(newsletter) ?? new Map<string, string>();
  drawn.set(newsletter, pages);
  const page = pages.get(key) ?? draw();
  pages.delete(key);
  pages.set(key, page);
  const [oldest] = pages.keys();
  if (pages.size > pagesMax && oldest !== undefined) pages.delete(oldest);
  return page;
}
