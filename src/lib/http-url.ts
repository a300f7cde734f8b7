const urlCharsMax = 2048;

/**
 * Reads an absolute or relative http(s) URL. Credentials in a URL are a trick or an accident, so such a URL is none.
 *
 * @returns the URL, or `undefined` when the text is no such URL or longer than 2,048 characters.
 */
export function parseHttpUrl(text: string, base?: URL | string): URL | undefined {
  if (text.length > urlCharsMax || !URL.canParse(text, base?.toString())) return undefined;
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  return url.username || url.password ? undefined : url;
}
