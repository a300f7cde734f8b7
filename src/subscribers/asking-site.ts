/**
 * The site that a confirmation names as the place where the address was entered: the form's, if its origin is on the
 * newsletter's list, else our own. Nothing that a stranger can type enters a letter. Pure.
 */
export function askingSite(
  pageUrl: string | undefined,
  allowedOrigins: readonly string[],
  baseUrl: string,
): string {
  const own = new URL(baseUrl).host;
  if (pageUrl === undefined || !URL.canParse(pageUrl)) return own;
  const page = new URL(pageUrl);
  return allowedOrigins.includes(page.origin) ? page.host : own;
}
