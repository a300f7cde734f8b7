import type { Context as Request } from 'hono';
import type { Context } from '../context.ts';
import { answerProblem, problemOf } from '../platform/http/problem.ts';
import { expectedLetter } from './expected-letter.ts';
import { mailboxOf } from './mailbox-links.ts';
import { proofBits } from './proof.ts';
import type { Accepted, SignUpOutcome } from './sign-up.ts';

/**
 * A sign-up's outcome for scripts and programs: 202 and the same body for every valid address. `inbox` depends on the
 * domain alone, `letter` on the newsletters.
 */
export async function answerSignUpAsJson(
  ctx: Context,
  c: Request,
  outcome: SignUpOutcome,
): Promise<Response> {
  c.header('Cache-Control', 'no-store');
  switch (outcome.kind) {
    case 'accepted':
      return c.json(await accepted(ctx, outcome), 202);
    case 'no_newsletter':
      return problem(c, 422, 'no_such_newsletter', 'There is no open newsletter of that name.', {
        field: 'newsletters',
      });
    case 'nothing_chosen':
      return problem(c, 422, 'nothing_chosen', 'Choose at least one newsletter.', { field: 'newsletters' });
    case 'origin_not_allowed':
    case 'origin_unnamed':
      return problem(c, 403, 'origin_not_allowed', 'The newsletter does not list this origin.');
    case 'unknown_wording':
      return problem(c, 422, 'unknown_consent_version', 'No form ever showed that version of the words.', {
        field: 'consent_version',
      });
    case 'invalid_email':
      return problem(c, 422, 'invalid_email', 'Enter an email address, like name@example.com.', {
        field: 'email',
      });
    case 'disposable':
      return problem(c, 422, 'disposable_domain', 'Use an address that lasts: this inbox is thrown away.', {
        field: 'email',
      });
    case 'unlikely_domain': {
      const { domain, suggestion } = outcome;
      const detail = suggestion
        ? `${domain} looks like a slip of ${suggestion}. To keep it, send accept_domain.`
        : `${domain} takes no mail. To keep it, send accept_domain.`;
      return problem(c, 422, 'unlikely_domain', detail, { field: 'email', domain, suggestion });
    }
    case 'one_more_step':
      c.header('Retry-After', '600');
      return problem(
        c,
        429,
        'one_more_step',
        'Much is going on: find a proof whose SHA-256 with the token begins with proof_bits zeros, and send both.',
        { still_human: outcome.token, proof_bits: proofBits },
      );
    case 'too_many':
      c.header('Retry-After', String(outcome.retryAfterSeconds));
      return problem(c, 429, 'too_many', 'Too many sign-ups from this network. Try again later.', {
        retry_after: outcome.retryAfterSeconds,
      });
    case 'unavailable':
      c.header('Retry-After', '30');
      return problem(c, 503, 'unavailable', 'That could not be saved. Try again in a minute.');
  }
}

async function accepted(ctx: Context, outcome: Accepted) {
  const { address, newsletters, lang, exchanges } = outcome;
  const { fromEmail, ...letter } = await expectedLetter(ctx.db, newsletters, lang);
  const inbox = mailboxOf({ address: address.email, from: fromEmail, exchanges }) ?? null;
  return { status: 'accepted', inbox, letter };
}

/** What a script needs to go on stands in the problem itself (RFC 9457 §3.2): other origins read no headers of ours. */
function problem(
  c: Request,
  status: number,
  code: string,
  detail: string,
  more: { field?: string; [member: string]: unknown } = {},
): Response {
  const { field, ...members } = more;
  return answerProblem(c, { ...problemOf({ status, code, detail, field }), ...members });
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
