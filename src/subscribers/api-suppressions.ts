import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { refuseLimited } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { publicId } from '../lib/ids.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { readId, seenNewsletter } from './api-subscribers.ts';
import { suppressionAnswer, suppressionOutside } from './schemas.ts';
import { listSuppressions, releaseSuppression, suppressAddress } from './suppressions.ts';

const tags = ['suppressions'];

/** `/v1/suppressions`: addresses never to be written to. They are kept as fingerprints and never shown back. */
export function suppressionRoutes(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'subscribers:read');
  const write = requireKey(ctx, 'subscribers:write');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/suppressions',
      summary: 'Suppressions that stand, oldest first',
      tags,
      security: bearer,
      middleware: read,
      request: {
        query: z.object({
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(200).default(50),
          email: z.string().max(254).optional().openapi({ description: 'Only those of this address' }),
        }),
      },
      responses: {
        200: json(
          z.object({ data: z.array(suppressionAnswer), next: z.string().nullable() }),
          'A page of suppressions',
        ),
        ...problems(401, 403, 422),
      },
    }),
    async (c) => {
      refuseLimited(c.get('key'));
      const { after, limit, email } = c.req.valid('query');
      const found = await listSuppressions(ctx.db, ctx.keyring, {
        after: after === undefined ? 0 : readId('suppression', after, 'after'),
        limit: limit + 1,
        email,
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = last && found.length > limit ? publicId('suppression', last.id) : null;
      return c.json({ data: page.map(suppressionOutside), next }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/suppressions',
      summary: 'Never write to an address again',
      tags,
      security: bearer,
      middleware: write,
      request: {
        body: json(
          z.strictObject({
            email: z.string().max(1_000),
            newsletter: z.string().optional().openapi({ description: 'Only this one; else everything' }),
            reason: z.enum(['manual', 'never', 'complaint']).default('manual'),
            note: z.string().max(500).optional(),
          }),
          'Which address, and why',
        ),
      },
      responses: {
        200: json(z.object({ id: z.string() }), 'It stood already'),
        201: json(z.object({ id: z.string() }), 'Suppressed'),
        ...problems(400, 401, 403, 404, 422),
      },
    }),
    async (c) => {
      const key = c.get('key');
      const { newsletter, ...body } = c.req.valid('json');
      if (newsletter === undefined) refuseLimited(key);
      const outcome = await suppressAddress(ctx, {
        ...body,
        newsletterId: newsletter === undefined ? undefined : (await seenNewsletter(ctx, key, newsletter)).id,
        actor: `key:${key.id}`,
      });
      return c.json({ id: publicId('suppression', outcome.id) }, outcome.made ? 201 : 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/suppressions/{id}/release',
      summary: 'Lift a suppression, for a reason that is kept',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: z.object({ id: z.string() }),
        body: json(z.strictObject({ reason: z.string().max(500) }), 'Why'),
      },
      responses: { 204: { description: 'Lifted' }, ...problems(400, 401, 403, 404, 422) },
    }),
    async (c) => {
      refuseLimited(c.get('key'));
      await releaseSuppression(ctx, {
        suppressionId: readId('suppression', c.req.valid('param').id, 'id'),
        reason: c.req.valid('json').reason,
        actor: `key:${c.get('key').id}`,
      });
      return c.body(null, 204);
    },
  );
  return app;
}
