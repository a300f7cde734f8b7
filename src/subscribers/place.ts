import type { Context as Request } from 'hono';
import type { GuardEnv } from '../platform/http/guard.ts';

/** Where a form of ours stands: on a page of its own, or in a frame on a publisher's page. */
export interface Place {
  framed: boolean;
  /** As the page around the frame is, whatever the reader's system and the language say. */
  theme: 'light' | 'dark' | undefined;
  dir: 'ltr' | 'rtl' | undefined;
}

/** The place of a request, which its path tells. */
export function placeOf(c: Request<GuardEnv>): Place {
  const framed = c.req.path.startsWith('/embed/');
  const { theme, dir } = framed ? c.req.query() : {};
  return {
    framed,
    theme: theme === 'light' || theme === 'dark' ? theme : undefined,
    dir: dir === 'ltr' || dir === 'rtl' ? dir : undefined,
  };
}

/** The path of a newsletter's form in the same place, with what the place needs to look the same. */
export function pathIn(place: Place, slug: string, rest = '', query: Record<string, string> = {}): string {
  const { theme, dir } = place;
  const all = new URLSearchParams({
    ...query,
    ...(theme ? { theme } : {}),
    ...(dir ? { dir } : {}),
  }).toString();
  const base = place.framed ? '/embed' : '/s';
  return `${base}/${encodeURIComponent(slug)}${rest}${all === '' ? '' : `?${all}`}`;
}
