/**
 * Where a form may send its reader afterwards: only an address under one that the newsletter lists, compared by scheme, host
 * and whole path segments. Anything else is ignored. Pure.
 */
export function returnTo(asked: string | undefined, listed: readonly string[]): string | undefined {
  if (!asked || asked.length > 2_000 || !URL.canParse(asked)) return undefined;
  const url = new URL(asked);
  if (url.username !== '' || url.password !== '') return undefined;
  const allowed = listed.some((prefix) => URL.canParse(prefix) && covers(new URL(prefix), url));
  return allowed ? url.href : undefined;
}

function covers(prefix: URL, url: URL): boolean {
  if (prefix.origin !== url.origin || prefix.origin === 'null') return false;
  const path = prefix.pathname.replace(/\/$/, '');
  return url.pathname === path || url.pathname.startsWith(`${path}/`);
}
