import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { refuseLimited } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { publisherDocument } from './document.ts';
import { findPublisher } from './find.ts';
import { setPublisher } from './publisher.ts';
import { publisherToDocument } from './to-document.ts';

const tags = ['publisher'];

/** `/v1/publisher`: who publishes. */
export function publisherApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/publisher',
      summary: 'Who publishes',
      tags,
      security: bearer,
      middleware: requireKey(ctx, 'newsletters:read'),
      responses: { 200: json(publisherDocument, 'The publisher'), ...problems(401, 403, 404) },
    }),
    async (c) => {
      const publisher = await findPublisher(ctx.db);
      if (!publisher) throw new Refusal(404, 'no_publisher', 'Nobody has said yet who publishes.');
      return c.json(publisherToDocument(publisher), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'put',
      path: '/v1/publisher',
      summary: 'Say who publishes',
      tags,
      security: bearer,
      middleware: requireKey(ctx, 'newsletters:write'),
      request: { body: json(publisherDocument, 'The publisher') },
      responses: { 200: json(publisherDocument, 'The publisher'), ...problems(400, 401, 403, 422) },
    }),
    async (c) => {
      refuseLimited(c.get('key'));
      return c.json(publisherToDocument(await setPublisher(ctx, c.req.valid('json'))), 200);
    },
  );
  return app;
}
