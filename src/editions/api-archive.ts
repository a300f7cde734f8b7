import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type ApiKey, refuseUnseen } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { getNewsletter } from '../newsletters/find.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { correctEdition } from './correct.ts';
import { namedEdition } from './find.ts';
import { outside, outsideCorrection } from './outside.ts';
import { correctionsOf } from './page-queries.ts';
import { republishEdition } from './republish.ts';
import { correctionSchema, editionSchema, named, ofNewsletter, words } from './schemas.ts';
import { unpublishEdition } from './unpublish.ts';

/** `/v1/editions/{id}/…` of what has gone out: putting it right on the web, taking it down, putting it back. */
export function archiveApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'editions:read');
  const write = requireKey(ctx, 'editions:write');
  const { baseUrl } = ctx.config;

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/editions/{id}/corrections',
      summary: 'What was put right on the web, the newest first',
      tags: ['editions'],
      security: bearer,
      middleware: read,
      request: { params: named, query: ofNewsletter },
      responses: {
        200: json(z.object({ data: z.array(correctionSchema) }), 'Its corrections'),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const { edition } = await find(c.get('key'), c.req.valid('param').id, c.req.valid('query').newsletter);
      const made = await correctionsOf(ctx.db, edition.id);
      return c.json({ data: made.map(outsideCorrection) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/editions/{id}/corrections',
      summary: 'Put it right on the web, under a dated note',
      description:
        'Prints its pages anew from the articles as they are now and the words given here. The mails stay as they went out.',
      tags: ['editions'],
      security: bearer,
      middleware: write,
      request: {
        params: named,
        query: ofNewsletter,
        body: json(
          z.strictObject({
            note: words.openapi({ description: 'What was wrong, by language; readers see it' }),
            subject: words.optional(),
            preheader: words.optional(),
            greeting: words.optional(),
          }),
          'What was wrong',
        ),
      },
      responses: { 201: json(correctionSchema, 'The correction'), ...problems(400, 401, 403, 404, 409, 422) },
    }),
    async (c) => {
      const key = c.get('key');
      const at = await find(key, c.req.valid('param').id, c.req.valid('query').newsletter);
      const { note, ...changed } = c.req.valid('json');
      const made = await correctEdition(ctx, {
        ...at,
        notes: note,
        words: changed,
        by: `key:${key.prefix}`,
      });
      return c.json(outsideCorrection(made), 201);
    },
  );

  for (const [act, deed, summary] of [
    ['unpublish', unpublishEdition, 'Take it off the web: its pages answer 410'],
    ['republish', republishEdition, 'Put it back on the web'],
  ] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/v1/editions/{id}/${act}`,
        summary,
        tags: ['editions'],
        security: bearer,
        middleware: write,
        request: { params: named, query: ofNewsletter },
        responses: {
          200: json(editionSchema, 'The edition as it is now'),
          ...problems(401, 403, 404, 409, 422),
        },
      }),
      async (c) => {
        const key = c.get('key');
        const at = await find(key, c.req.valid('param').id, c.req.valid('query').newsletter);
        const after = await deed(ctx, { ...at, by: `key:${key.prefix}` });
        return c.json(outside(after, at.newsletter, baseUrl), 200);
      },
    );
  }

  async function find(key: ApiKey, name: string, newsletterName: string | undefined) {
    const edition = await namedEdition(ctx.db, name, newsletterName);
    refuseUnseen(key, edition.newsletterId);
    return { edition, newsletter: await getNewsletter(ctx.db, edition.newsletterId) };
  }

  return app;
}
