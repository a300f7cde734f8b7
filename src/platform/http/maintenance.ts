import type { MiddlewareHandler } from 'hono';
import { Refusal } from '../../lib/errors.ts';

/** What goes on: leaving, since the right to leave never rests; files; what watches the process. */
const alwaysOpen = /^\/(u\/|assets\/|embed\/v1\.|healthz$|readyz$|metrics$)/;
/** Forms that readers fill in: they say themselves that nothing was saved, and keep what was typed. */
const forms = /^\/(s|s\/[^/]+|embed\/[^/]+|v1\/public\/sign-ups)$/;

/** While the installation is being worked on everything else is answered 503. */
export const maintenance: MiddlewareHandler = (c, next) => {
  const { path, method } = c.req;
  if (alwaysOpen.test(path) || (method !== 'GET' && forms.test(path))) return next();
  throw new Refusal(503, 'maintenance', 'The site is being worked on. Try again soon.');
};
