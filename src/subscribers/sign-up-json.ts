import type { Context as Request } from 'hono';
import type { Context } from '../context.ts';
import { answerProblem, problemOf } from '../platform/http/problem.ts';
import { mailboxOf } from './mailbox-links.ts';
import type { SignUpOutcome } from './sign-up.ts';

/**
 * A sign-up's outcome for scripts and programs: 202 and the same body for every valid address. `inbox` depends on the
 * domain alone.
 */
export function answerSignUpAsJson(c: Request, outcome: SignUpOutcome): Response {
  c.header('Cache-Control', 'no-store');
  switch (outcome.kind) {
    case 'accepted': {
      const from = outcome.newsletters[0]?.fromEmail ?? '';
      return c.json(
        { status: 'accepted', inbox: mailboxOf({ address: outcome.address.email, from }) ?? null },
        202,
      );
    }
    case 'no_newsletter':
      return problem(
        c,
        422,
        'no_such_newsletter',
        'There is no open newsletter of that name.',
        'newsletters',
      );
    case 'origin_not_allowed':
      return problem(c, 403, 'origin_not_allowed', 'The newsletter does not list this origin.');
    case 'unknown_wording':
      return problem(
        c,
        422,
        'unknown_consent_version',
        'No form ever showed that version of the words.',
        'consent_version',
      );
    case 'invalid_email':
      return problem(c, 422, 'invalid_email', 'Enter an email address, like name@example.com.', 'email');
    case 'unlikely_domain': {
      const { domain, suggestion } = outcome;
      const detail = suggestion
        ? `${domain} looks like a slip of ${suggestion}. To keep it, send accept_domain.`
        : `${domain} takes no mail. To keep it, send accept_domain.`;
      return problem(c, 422, 'unlikely_domain', detail, 'email');
    }
    case 'one_more_step':
      c.header('Retry-After', '600');
      return problem(c, 429, 'one_more_step', 'Busy network: let the reader post the plain form.');
    case 'too_many':
      c.header('Retry-After', String(outcome.retryAfterSeconds));
      return problem(c, 429, 'too_many', 'Too many sign-ups from this network. Try again later.');
    case 'unavailable':
      c.header('Retry-After', '30');
      return problem(c, 503, 'unavailable', 'That could not be saved. Try again in a minute.');
  }
}

function problem(c: Request, status: number, code: string, detail: string, field?: string): Response {
  return answerProblem(c, problemOf({ status, code, detail, field }));
}

/** Headers that let a listed page read the answer. Never a wildcard, never credentials. */
export function allowOrigin(c: Request, ctx: Context, allowedOrigins: readonly string[]): void {
  const origin = c.req.header('Origin');
  c.header('Vary', 'Origin', { append: true });
  const own = new URL(ctx.config.baseUrl).origin;
  if (origin === undefined || (origin !== own && !allowedOrigins.includes(origin))) return;
  c.header('Access-Control-Allow-Origin', origin);
}

/** The answer to a preflight. */
export function answerPreflight(c: Request, ctx: Context, allowedOrigins: readonly string[]): Response {
  allowOrigin(c, ctx, allowedOrigins);
  c.header('Access-Control-Allow-Methods', 'POST, OPTIONS');
  c.header('Access-Control-Allow-Headers', 'Content-Type, Accept');
  c.header('Access-Control-Max-Age', '600');
  return c.body(null, 204);
}
