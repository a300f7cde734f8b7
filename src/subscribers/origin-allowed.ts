/**
 * Whether a page at this origin may carry the newsletter's box. Our own pages may; so may a request that names no origin
 * (curl, an old browser). While the newsletter lists none, plain posts may come from anywhere; a script never from a place
 * that is not listed. Pure.
 */
export function originAllowed(asked: {
  origin: string | undefined;
  allowedOrigins: readonly string[];
  baseUrl: string;
  scripted: boolean;
}): boolean {
  const { origin, allowedOrigins, baseUrl, scripted } = asked;
  if (origin === undefined || origin === new URL(baseUrl).origin) return true;
  if (allowedOrigins.includes(origin)) return true;
  return !scripted && allowedOrigins.length === 0;
}
