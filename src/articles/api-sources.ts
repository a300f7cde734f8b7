import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId, rowId } from '../lib/ids.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { addSource } from './add-source.ts';
import {
  newSourceSchema,
  polledSchema,
  previewSchema,
  sourceChangesSchema,
  sourceSchema,
} from './api-schemas.ts';
import { listSources, namedSource } from './find-source.ts';
import { outsidePolled, outsidePreview, outsideSource } from './outside.ts';
import { pollSource } from './poll-source.ts';
import { previewSource } from './preview-source.ts';
import { removeSource } from './remove-source.ts';
import { updateSource } from './update-source.ts';

const named = z.object({ id: z.string().openapi({ example: 'src_3' }) });
const tags = ['sources'];

/** `/v1/sources`: where articles come from by themselves. */
export function sourceRoutes(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'articles:read');
  const write = requireKey(ctx, 'articles:write');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sources',
      summary: 'Sources, with how each is doing',
      tags,
      security: bearer,
      middleware: read,
      request: {
        query: z.object({
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(200).default(50),
        }),
      },
      responses: {
        200: json(
          z.object({ data: z.array(sourceSchema), next: z.string().nullable() }),
          'A page of sources',
        ),
        ...problems(401, 403, 422),
      },
    }),
    async (c) => {
      const { after, limit } = c.req.valid('query');
      const from = after === undefined ? 0 : (rowId('source', after) ?? 0);
      const sources = await listSources(ctx.db, { after: from, limit });
      const last = sources.length === limit ? sources.at(-1) : undefined;
      const now = ctx.clock.now();
      return c.json(
        {
          data: sources.map((source) => outsideSource(source, now)),
          next: last ? publicId('source', last.id) : null,
        },
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/sources',
      summary: 'Add a feed, a page that names one, or a page',
      description:
        'It is looked at first: an address that leads to no feed is refused. Its first poll is due at once.',
      tags,
      security: bearer,
      middleware: write,
      request: { body: json(newSourceSchema, 'The source') },
      responses: { 201: json(sourceSchema, 'The source'), ...problems(400, 401, 403, 409, 422) },
    }),
    async (c) => {
      const { mapping, silent_after_hours, section, ...rest } = c.req.valid('json');
      const { kind, source } = await addSource(ctx, {
        ...rest,
        section: section ?? undefined,
        sections: mapping,
        silentAfterHours: silent_after_hours,
      });
      if (kind === 'exists') {
        const id = publicId('source', source.id);
        throw new Refusal(409, 'source_exists', `This address is a source already: ${id}.`, 'url');
      }
      return c.json(outsideSource(source, ctx.clock.now()), 201);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/sources/preview',
      summary: 'What a source would bring, field by field; nothing is stored',
      tags,
      security: bearer,
      middleware: read,
      request: {
        body: json(
          z.strictObject({
            url: z.string(),
            kind: z.enum(['feed', 'page']).optional(),
            lang: z.string().optional(),
            section: z.string().optional(),
          }),
          'Where to look',
        ),
      },
      responses: { 200: json(previewSchema, 'What was understood'), ...problems(400, 401, 403, 422) },
    }),
    async (c) => c.json(outsidePreview(await previewSource(ctx, c.req.valid('json'))), 200),
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sources/{id}',
      summary: 'One source',
      tags,
      security: bearer,
      middleware: read,
      request: { params: named },
      responses: { 200: json(sourceSchema, 'The source'), ...problems(401, 403, 404) },
    }),
    async (c) =>
      c.json(outsideSource(await namedSource(ctx.db, c.req.valid('param').id), ctx.clock.now()), 200),
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/v1/sources/{id}',
      summary: 'Change how a source is read from its next poll on',
      tags,
      security: bearer,
      middleware: write,
      request: { params: named, body: json(sourceChangesSchema, 'What to change') },
      responses: { 200: json(sourceSchema, 'The source as it is now'), ...problems(400, 401, 403, 404, 422) },
    }),
    async (c) => {
      const { mapping, silent_after_hours, ...rest } = c.req.valid('json');
      const { id } = await namedSource(ctx.db, c.req.valid('param').id);
      const changes = { ...rest, sections: mapping, silentAfterHours: silent_after_hours };
      return c.json(outsideSource(await updateSource(ctx, id, changes), ctx.clock.now()), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/v1/sources/{id}',
      summary: 'Stop asking a source; its articles stay',
      tags,
      security: bearer,
      middleware: write,
      request: { params: named },
      responses: { 204: { description: 'It is removed' }, ...problems(401, 403, 404) },
    }),
    async (c) => {
      const { id } = await namedSource(ctx.db, c.req.valid('param').id);
      await removeSource(ctx, id);
      return c.body(null, 204);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/sources/{id}/poll',
      summary: 'Ask a source now',
      tags,
      security: bearer,
      middleware: write,
      request: { params: named },
      responses: { 200: json(polledSchema, 'What it brought, or why it failed'), ...problems(401, 403, 404) },
    }),
    async (c) => {
      const { id } = await namedSource(ctx.db, c.req.valid('param').id);
      const polled = await pollSource(ctx, { sourceId: id, now: true });
      const source = await namedSource(ctx.db, publicId('source', id));
      return c.json(outsidePolled(polled, source, ctx.clock.now()), 200);
    },
  );

  return app;
}
