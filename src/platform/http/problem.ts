import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** What went wrong, as programs read it (RFC 9457). `code` is stable; `detail` is for people and may be reworded. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  /** The input field at fault, when there is one: `calendar.time`. */
  field?: string | undefined;
  /** All that is wrong with the input, when it is more than one thing. */
  errors?: readonly { field: string; detail: string }[] | undefined;
}

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition failed',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Invalid input',
  428: 'Precondition required',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

export function problemOf(fault: Pick<Problem, 'status' | 'code' | 'detail' | 'field' | 'errors'>): Problem {
  const { status, code, detail, field, errors } = fault;
  return { type: 'about:blank', title: titles[status] ?? 'Error', status, code, detail, field, errors };
}

/** Answers with problem+json. */
export function answerProblem(c: Context, problem: Problem): Response {
  return c.body(JSON.stringify(problem), problem.status as ContentfulStatusCode, {
    'Content-Type': 'application/problem+json; charset=utf-8',
  });
}
