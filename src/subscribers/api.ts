import type { OpenAPIHono } from '@hono/zod-openapi';
import type { KeyEnv } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { openApi } from '../platform/http/openapi.ts';
import { subscriberRoutes } from './api-subscribers.ts';
import { subscriptionRoutes } from './api-subscriptions.ts';
import { suppressionRoutes } from './api-suppressions.ts';

/** `/v1/subscribers` and `/v1/suppressions`. */
export function subscribersApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  app.route('/', subscriberRoutes(ctx));
  app.route('/', subscriptionRoutes(ctx));
  app.route('/', suppressionRoutes(ctx));
  return app;
}
