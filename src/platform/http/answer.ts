import type { Context, Env, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { Refusal } from '../../lib/errors.ts';
import { maskAddresses } from '../../lib/mask.ts';
import type { Log } from '../log.ts';
import { methodsOf } from './other-methods.ts';
import { answerProblem, problemOf } from './problem.ts';
import { invalidText, unreachable } from './world-errors.ts';

/** Why a request was not answered as asked. */
export interface Fault {
  status: number;
  code: string;
  detail: string;
  field?: string | undefined;
  /** What a reader can quote to the operator. */
  requestId: string;
}

export interface AnswerOptions {
  log: Log;
  /** Draws the page that a person sees instead of problem+json. */
  drawFault: (c: Context, fault: Fault) => HtmlEscapedString | Promise<HtmlEscapedString>;
}

const unavailableRetryAfterSeconds = 30;
const busyRetryAfterSeconds = 60;

/**
 * Turns everything that a route throws, and every unknown path or method, into one answer: problem+json for programs, a page for
 * people. A refusal is the caller's fault and says so. A database or queue that cannot be reached is 503 with `Retry-After`.
 * Anything else is 500, logged once with the request's id, and tells the caller nothing of the inside.
 */
export function answerFaults<E extends Env>(app: Hono<E>, { log, drawFault }: AnswerOptions): void {
  const methods = methodsOf(app);
  app.notFound((c) => {
    const fault = notFoundOf(c, methods(c.req.path));
    return answer(c, { ...fault, requestId: requestIdOf(c) }, drawFault);
  });
  app.onError((error, c) => {
    const requestId = requestIdOf(c);
    const fault = { ...faultOf(error), requestId };
    if (fault.status >= 500) logFault(log, error, fault);
    return answer(c, fault, drawFault);
  });
}

/** Whether the caller is a program: any path of the API, or one that prefers JSON. */
export function wantsJson(c: Context): boolean {
  if (c.req.path === '/v1' || c.req.path.startsWith('/v1/')) return true;
  const accept = c.req.header('Accept') ?? '';
  return /application\/(problem\+)?json/.test(accept) && !accept.includes('text/html');
}

async function answer(c: Context, fault: Fault, drawFault: AnswerOptions['drawFault']): Promise<Response> {
  c.header('Cache-Control', 'no-store');
  // A limit's own figure, set before the refusal was thrown, stays.
  if (fault.status === 503) c.header('Retry-After', String(unavailableRetryAfterSeconds));
  if (fault.status === 429 && !c.res.headers.has('Retry-After'))
    c.header('Retry-After', String(busyRetryAfterSeconds));
  if (fault.status === 401) c.header('WWW-Authenticate', 'Bearer');
  if (wantsJson(c)) return answerProblem(c, problemOf(fault));
  return c.html(await drawFault(c, fault), fault.status as ContentfulStatusCode);
}

function notFoundOf(c: Context, methods: string[]): Omit<Fault, 'requestId'> {
  if (methods.length === 0 || methods.includes(c.req.method))
    return { status: 404, code: 'not_found', detail: 'There is nothing at this address.' };
  const allow = methods.join(', ');
  c.header('Allow', allow);
  return { status: 405, code: 'method_not_allowed', detail: `This address takes ${allow}.` };
}

function faultOf(error: Error): Omit<Fault, 'requestId'> {
  if (error instanceof Refusal) {
    return { status: error.status, code: error.code, detail: error.message, field: error.field };
  }
  if (error instanceof HTTPException) return ofHttpException(error);
  if (invalidText(error)) {
    return {
      status: 422,
      code: 'invalid_text',
      detail: 'A text holds a character that cannot be stored (U+0000).',
    };
  }
  if (unreachable(error)) {
    return {
      status: 503,
      code: 'unavailable',
      detail: 'A part of the service cannot be reached. Try again soon.',
    };
  }
  return { status: 500, code: 'internal', detail: 'Something broke on our side. It has been noted.' };
}

/** What the web framework itself refuses: a body that is no JSON, above all. */
function ofHttpException(error: HTTPException): Omit<Fault, 'requestId'> {
  if (error.status === 400 && /JSON/i.test(error.message)) {
    return { status: 400, code: 'malformed_json', detail: 'The body is not valid JSON.' };
  }
  const detail = error.status < 500 && error.message ? error.message : 'The request could not be answered.';
  return { status: error.status, code: error.status < 500 ? 'bad_request' : 'internal', detail };
}

function logFault(log: Log, error: Error, { status, code, requestId }: Fault): void {
  const trace = maskAddresses(error.stack ?? error.message);
  const causes = causesOf(error).map((cause) => maskAddresses(cause.message));
  log.error({ deed: 'answer', requestId, status, code, trace, causes }, maskAddresses(error.message));
}

const causesMax = 5;

function causesOf(error: Error): Error[] {
  const causes: Error[] = [];
  let at: unknown = error.cause;
  while (at instanceof Error && causes.length < causesMax) {
    causes.push(at);
    at = at.cause;
  }
  return causes;
}

function requestIdOf(c: Context): string {
  return (c.get('requestId') as string | undefined) ?? '-';
}
