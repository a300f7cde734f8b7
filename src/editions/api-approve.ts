import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { refuseUnseen } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { approveEdition } from './approve.ts';
import { namedEdition } from './find.ts';
import { outside } from './outside.ts';
import { editionSchema, named, ofNewsletter } from './schemas.ts';

/** `/v1/editions/{id}/approve`: a person's yes, each key being one. */
export function approveApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/editions/{id}/approve',
      summary: 'Approve it as it is composed now',
      description:
        'A newsletter says how many must (`approvals`); one key counts once, and a change asks for new approvals. From then on ' +
        'it is not put together anew by itself.',
      tags: ['editions'],
      security: bearer,
      middleware: requireKey(ctx, 'editions:write'),
      request: {
        params: named,
        query: ofNewsletter.extend({
          revision: z.coerce
            .number()
            .int()
            .optional()
            .openapi({ description: 'The revision that was looked at: another one is refused' }),
        }),
      },
      responses: {
        200: json(editionSchema, 'The edition as it is now'),
        ...problems(401, 403, 404, 409, 422),
      },
    }),
    async (c) => {
      const key = c.get('key');
      const { newsletter: name, revision } = c.req.valid('query');
      const edition = await namedEdition(ctx.db, c.req.valid('param').id, name);
      refuseUnseen(key, edition.newsletterId);
      const newsletter = await getNewsletter(ctx.db, edition.newsletterId);
      const by = { name: `key:${key.prefix}`, mode: key.mode };
      const after = await approveEdition(ctx, { edition, newsletter, by, revision });
      return c.json(outside(after, newsletter, ctx.config.baseUrl), 200);
    },
  );
  return app;
}
