import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { refuseTestKey } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { publicId } from '../lib/ids.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { needId, seenSend } from './asked.ts';
import { listFailures } from './list-failures.ts';
import { groupDomains, listGroup } from './list-group.ts';
import { outsideDelivery, outsideFailures } from './outside.ts';
import { retryFailures } from './retry-failures.ts';
import { deliverySchema, failureSchema, named } from './schemas.ts';
import { whatToRetry } from './what-to-retry.ts';

const tags = ['sends'];
const group = z.string().min(1).max(40);

/** `/v1/sends/{id}/failures` and `/v1/sends/{id}/retries`: what did not arrive, and once more. */
export function failuresApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'sends:read');
  const write = requireKey(ctx, 'sends:write');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sends/{id}/failures',
      summary: 'What failed, grouped by plain reason',
      tags,
      security: bearer,
      middleware: read,
      request: { params: named },
      responses: {
        200: json(z.object({ data: z.array(failureSchema) }), 'The groups, the largest first'),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const { editionId } = await seenSend(ctx, c.get('key'), c.req.valid('param').id);
      return c.json({ data: outsideFailures(await listFailures(ctx.db, editionId)) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sends/{id}/failures/{group}',
      summary: 'The deliveries of one group, and the domains they went to',
      description:
        'Domains are the ten commonest among the first 10,000 of the group. No address is shown: look a subscriber up by id.',
      tags,
      security: bearer,
      middleware: read,
      request: {
        params: named.extend({ group: group.openapi({ example: 'full' }) }),
        query: z.object({
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(100).default(20),
        }),
      },
      responses: {
        200: json(
          z.object({
            domains: z.array(z.object({ domain: z.string(), deliveries: z.int() })),
            data: z.array(deliverySchema),
            next: z.string().nullable(),
          }),
          'A page of the group',
        ),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const params = c.req.valid('param');
      const { after, limit } = c.req.valid('query');
      const { editionId } = await seenSend(ctx, c.get('key'), params.id);
      const found = await listGroup(ctx.db, {
        editionId,
        group: params.group,
        after: after === undefined ? undefined : needId('subscriber', after, 'after'),
        limit: limit + 1,
      });
      const last = found.length > limit ? found[limit - 1] : undefined;
      const domains = await groupDomains(ctx.db, { editionId, group: params.group });
      const data = found.slice(0, limit).map((one) => outsideDelivery(one, ctx.keyring));
      return c.json({ domains, data, next: last ? publicId('subscriber', last.subscriberId) : null }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/sends/{id}/retries',
      summary: 'Send failed deliveries once more',
      description:
        'A group by its class, what a domain refused, or one delivery. Never one that was accepted. One whose outcome is ' +
        'unknown may arrive twice: it is sent again only when its group or itself is named, with the same Message-ID. ' +
        '`class` is the older name of `group`, `subscriber` names a delivery by its reader.',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: named,
        body: json(
          z.union(
            [
              z.strictObject({ group }),
              z.strictObject({ domain: z.string().max(255) }),
              z.strictObject({ delivery: z.string().max(40) }),
              z.strictObject({ class: group }),
              z.strictObject({ subscriber: z.string().max(40) }),
            ],
            { error: 'Name one: a group, a domain or a delivery.' },
          ),
          'Which',
        ),
      },
      responses: {
        202: json(z.object({ deliveries: z.int() }), 'How many went back into the queue'),
        ...problems(400, 401, 403, 404, 409, 422, 503),
      },
    }),
    async (c) => {
      refuseTestKey(c.get('key'));
      const { editionId } = await seenSend(ctx, c.get('key'), c.req.valid('param').id);
      const body = c.req.valid('json');
      const what = whatToRetry(
        'class' in body
          ? { group: body.class }
          : 'subscriber' in body
            ? { delivery: publicId('subscriber', needId('subscriber', body.subscriber, 'subscriber')) }
            : body,
        editionId,
      );
      const deliveries = await retryFailures(ctx, { editionId, what, by: c.get('key').name });
      return c.json({ deliveries }, 202);
    },
  );

  return app;
}
