import type { OpenAPIHono } from '@hono/zod-openapi';
import type { KeyEnv } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { openApi } from '../platform/http/openapi.ts';
import { articleRoutes } from './api-articles.ts';
import { sourceRoutes } from './api-sources.ts';

/** `/v1/sources` and `/v1/articles`. */
export function articlesApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  app.route('/', sourceRoutes(ctx));
  app.route('/', articleRoutes(ctx));
  return app;
}
