import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Env } from 'hono';
import type { GuardEnv } from './guard.ts';
import { answerProblem, problemOf } from './problem.ts';

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: 'Stable; programs decide by it', example: 'not_found' }),
    detail: z.string().openapi({ description: 'For people; may be reworded' }),
    field: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
  })
  .openapi('Problem');

const meanings = {
  400: 'The body is not valid JSON',
  401: 'The key is missing, unknown, revoked or expired',
  403: 'The key lacks the scope',
  404: 'There is no such thing, or the key may not see it',
  409: 'It conflicts with what there is',
  410: 'It is gone',
  413: 'The body is too large',
  422: 'The input is invalid; `field` names the first fault',
  429: 'Too many requests; `Retry-After` says how long to wait',
  503: 'The database or the queue cannot be reached; try again after `Retry-After`',
} as const;

type Meant = keyof typeof meanings;

/** An OpenAPIHono whose input faults are answered 422 as problem+json, each fault with its field. */
export function openApi<E extends Env = GuardEnv>(): OpenAPIHono<E> {
  return new OpenAPIHono<E>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const errors = result.error.issues.map((issue) => ({
        field: issue.path.join('.'),
        detail: issue.message,
      }));
      const [first] = errors;
      const detail = first
        ? `${first.field ? `${first.field}: ` : ''}${first.detail}`
        : 'The input is invalid.';
      const fault = { status: 422, code: 'invalid', detail, field: first?.field || undefined };
      return answerProblem(c, problemOf({ ...fault, errors: errors.length > 1 ? errors : undefined }));
    },
  });
}

/** The documented refusals of a route, for its `responses`. */
export function problems<S extends Meant>(...statuses: S[]) {
  const one = (status: S) => ({
    description: meanings[status],
    content: { 'application/problem+json': { schema: problemSchema } },
  });
  return Object.fromEntries(statuses.map((status) => [status, one(status)])) as Record<
    S,
    ReturnType<typeof one>
  >;
}

/** A JSON body or answer, for a route's `request.body` or `responses`. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, required: true, content: { 'application/json': { schema } } };
}

/** Marks a route as guarded by an API key. */
export const bearer = [{ key: [] }];

/** A document of OpenAPI 3.1 as far as the docs page reads it. */
export type OpenApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

/** The document of every route under `app`; to be asked once, after the last route is set. */
export function openApiDocument<E extends Env>(
  app: OpenAPIHono<E>,
  about: { version: string; baseUrl: string },
): OpenApiDocument {
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, made once by `dateline key create`: `Authorization: Bearer dl_live_…`',
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Dateline',
      version: about.version,
      description: 'Newsletters from stored articles. Errors are application/problem+json (RFC 9457).',
    },
    servers: [{ url: about.baseUrl }],
  });
}
