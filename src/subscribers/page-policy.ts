import { parseHttpUrl } from '../lib/http-url.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { pagePolicy } from '../platform/http/guard.ts';
import type { PageRequest } from './page-frame.tsx';
import { placeOf } from './place.ts';

/** Where the one script of ours is that some pages run. */
export const embedScriptPath = '/embed/v1.js';

/**
 * The policy of a page with a sign-up form, when it needs more than other pages: to lead on to another site after the form, to
 * stand in a frame on the newsletter's own sites, to run our script files.
 */
export function setPolicy(
  c: PageRequest,
  needs: {
    newsletter?: Pick<Newsletter, 'allowedOrigins'> | undefined;
    /** Browsers hold the redirects of a form against its page's policy. */
    returnTo?: string | undefined;
    script?: boolean;
  },
): void {
  const next = parseHttpUrl(needs.returnTo ?? '');
  const formAction = ["form-action 'self'", ...sources(next ? [next.origin] : [])].join(' ');
  const framed = placeOf(c).framed && needs.newsletter !== undefined;
  const ancestors = framed
    ? ["frame-ancestors 'self'", ...sources(needs.newsletter?.allowedOrigins ?? [])].join(' ')
    : "frame-ancestors 'none'";
  const policy = pagePolicy
    .replace("form-action 'self'", formAction)
    .replace("frame-ancestors 'none'", ancestors);
  c.header('Content-Security-Policy', needs.script || framed ? `${policy}; script-src 'self'` : policy);
}

/** A host may hold `;` (WHATWG URL §3.2), which would begin a directive of a stranger's own. */
function sources(origins: readonly string[]): string[] {
  return origins.filter((origin) => /^https?:\/\/[\w.:[\]-]+$/.test(origin));
}
