const urlCharsMax = 500;

/** The page of a sign-up as a record keeps it: origin and path, without query, fragment or password. */
export function pageUrl(given: string | undefined): string | undefined {
  if (given === undefined || given.length > 2_000 || !URL.canParse(given)) return undefined;
  const url = new URL(given);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  return `${url.origin}${url.pathname}`.slice(0, urlCharsMax);
}
