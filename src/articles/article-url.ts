import { parseHttpUrl } from '../lib/http-url.ts';

const trackingParameter = /^(?:utm_\w+|fbclid|gclid|mc_cid|mc_eid)$/i;

/**
 * The address under which an article is one article: http(s), absolute, without fragment and without the parameters that
 * only tell who sent the reader.
 *
 * @returns `undefined` when the text is no such URL.
 */
export function articleUrl(text: string, base?: string): string | undefined {
  const url = parseHttpUrl(text.trim(), base);
  if (!url) return undefined;
  url.hash = '';
  const tracking = [...url.searchParams.keys()].filter((name) => trackingParameter.test(name));
  for (const name of tracking) url.searchParams.delete(name);
  return url.href;
}
