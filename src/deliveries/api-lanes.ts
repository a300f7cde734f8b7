import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { refuseLimited, refuseTestKey } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { listLanes, outsideLane } from './list-lanes.ts';
import { steerLane } from './steer-lane.ts';

const tags = ['lanes'];

const laneSchema = z
  .object({
    lane: z.string(),
    state: z.enum(['open', 'slow', 'paused']),
    connections: z.int().nullable(),
    rate_per_second: z.number().nullable(),
    back_off_until: z.string().nullable(),
    probe: z.int().nullable().openapi({ description: 'After trouble: how many at once are tried so far' }),
    reason: z.string().nullable(),
    last_answer: z.string().nullable(),
    changed_by: z.string().nullable(),
    changed_at: z.string(),
  })
  .openapi('Lane');

const order = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('slow'),
    connections: z.int().positive().max(1_000).optional(),
    rate_per_second: z.number().positive().max(1_000_000).optional(),
  }),
  z.strictObject({ do: z.literal('pause'), reason: z.string().max(500).optional() }),
  z.strictObject({ do: z.literal('resume') }),
]);

/** `/v1/lanes`: mailbox providers, and how fast each may be sent to. */
export function laneRoutes(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/lanes',
      summary: 'Lanes with a limit, a pause or trouble; all others are open',
      tags,
      security: bearer,
      middleware: requireKey(ctx, 'sends:read'),
      responses: { 200: json(z.object({ data: z.array(laneSchema) }), 'By name'), ...problems(401, 403) },
    }),
    async (c) => {
      refuseLimited(c.get('key'));
      return c.json({ data: (await listLanes(ctx.db)).map(outsideLane) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/lanes/{lane}',
      summary: 'Slow, pause or resume a lane, for all sends',
      tags,
      security: bearer,
      middleware: requireKey(ctx, 'sends:write'),
      request: {
        params: z.object({ lane: z.string().max(253) }),
        body: json(order, 'What to do'),
      },
      responses: { 204: { description: 'Done' }, ...problems(400, 401, 403, 422) },
    }),
    async (c) => {
      const key = c.get('key');
      refuseLimited(key);
      refuseTestKey(key);
      const asked = c.req.valid('json');
      const wanted =
        asked.do === 'slow'
          ? { do: asked.do, connections: asked.connections, ratePerSecond: asked.rate_per_second }
          : asked;
      await steerLane(ctx, { lane: c.req.valid('param').lane, order: wanted, by: `key:${key.prefix}` });
      return c.body(null, 204);
    },
  );
  return app;
}
