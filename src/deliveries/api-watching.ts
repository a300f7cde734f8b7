import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { seenSend } from './asked.ts';
import { outsideLaneBooks } from './outside.ts';
import { lanesNamed, progress } from './progress.ts';
import { laneSchema, named } from './schemas.ts';
import { sendEvents, streamsOf } from './send-events.ts';

const tags = ['sends'];
const lanesMax = 500;

/** `/v1/sends/{id}/events` and `/v1/sends/{id}/lanes`: a send as it goes on. */
export function watchingApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'sends:read');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sends/{id}/events',
      summary: 'Follow a send as server-sent events',
      description:
        'An event `progress` at each change, at most one a second, and a last one `end`; the data of each is the send as ' +
        '`GET /v1/sends/{id}` shows it. A comment every 15 seconds says that the stream lives. It is ended after 15 minutes ' +
        'and when the server stops: come again (`EventSource` does so by itself). At most five are open per key.',
      tags,
      security: bearer,
      middleware: read,
      request: { params: named },
      responses: {
        200: {
          description: 'The events',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...problems(401, 403, 404, 422, 429, 503),
      },
    }),
    async (c) => {
      const key = c.get('key');
      const { editionId } = await seenSend(ctx, key, c.req.valid('param').id);
      return streamsOf(ctx).answer(key.id, (signal) => sendEvents(ctx, editionId, signal));
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sends/{id}/lanes',
      summary: 'A send by lane',
      description:
        'The books of each lane, its rate, its state and what it waits for; the largest lanes first, and those beyond ' +
        '`limit` added up as `other lanes`. The rows add up to the counts of the send.',
      tags,
      security: bearer,
      middleware: read,
      request: {
        params: named,
        query: z.object({ limit: z.coerce.number().int().min(1).max(lanesMax).default(lanesNamed) }),
      },
      responses: {
        200: json(z.object({ data: z.array(laneSchema) }), 'The lanes'),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const { editionId } = await seenSend(ctx, c.get('key'), c.req.valid('param').id);
      const { lanes } = await progress(ctx, editionId, c.req.valid('query').limit);
      return c.json({ data: lanes.map(outsideLaneBooks) }, 200);
    },
  );

  return app;
}
