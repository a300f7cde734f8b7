import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { refuseUnseen } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { namedEdition } from '../editions/find.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { forecast } from './forecast.ts';
import { forecastSchema, outsideForecast } from './outside-forecast.ts';
import { named } from './schemas.ts';

/** `/v1/editions/{id}/forecast`: how long a send would take, before it begins. */
export function forecastApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/editions/{id}/forecast',
      summary: 'When an edition would be through, by lane, and what the bottleneck is',
      description:
        'At the limits that hold now: of lanes, of relays, and at the speed of the best recent send; and not before the last hour ' +
        'that readers chose. No promise: providers may slow a send down, and retries come on top. 409 once the edition is on its way.',
      tags: ['sends'],
      security: bearer,
      middleware: requireKey(ctx, 'sends:read'),
      request: { params: named, query: z.object({ newsletter: z.string().optional() }) },
      responses: { 200: json(forecastSchema, 'The forecast'), ...problems(401, 403, 404, 409, 422) },
    }),
    async (c) => {
      const edition = await namedEdition(ctx.db, c.req.valid('param').id, c.req.valid('query').newsletter);
      refuseUnseen(c.get('key'), edition.newsletterId);
      return c.json(outsideForecast(await forecast(ctx, edition)), 200);
    },
  );
  return app;
}
