import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { publicId, rowId } from '../lib/ids.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import {
  articleSchema,
  changesSchema,
  pushSchema,
  receivedSchema,
  wholeArticleSchema,
} from './api-schemas.ts';
import { columnName, type FieldName, fieldNames } from './article.ts';
import { type Changes, editArticle } from './edit.ts';
import { listArticles, namedArticle } from './find-article.ts';
import { importUrl } from './import-url.ts';
import { outsideArticle, outsideWholeArticle } from './outside.ts';
import { pushArticle } from './push.ts';
import type { Received } from './receive.ts';
import { instantOrRefused } from './refuse.ts';
import { revertArticle } from './revert.ts';
import { withdrawArticle } from './withdraw.ts';

const named = z.object({ id: z.string().openapi({ example: 'art_12' }) });
const tags = ['articles'];

/** `/v1/articles`: reading, pushing, importing, editing, withdrawing. */
export function articleRoutes(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'articles:read');
  const write = requireKey(ctx, 'articles:write');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/articles',
      summary: 'Articles, the latest received first',
      tags,
      security: bearer,
      middleware: read,
      request: {
        query: z.object({
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(200).default(50),
          lang: z.string().optional(),
          section: z.string().optional(),
          source: z.string().optional(),
          story: z.coerce.number().int().optional(),
        }),
      },
      responses: {
        200: json(
          z.object({ data: z.array(articleSchema), next: z.string().nullable() }),
          'A page of articles, without their bodies',
        ),
        ...problems(401, 403, 422),
      },
    }),
    async (c) => {
      const { after, limit, lang, section, source, story } = c.req.valid('query');
      const articles = await listArticles(ctx.db, {
        before: after === undefined ? undefined : (rowId('article', after) ?? 0),
        limit,
        lang,
        section,
        sourceId: source === undefined ? undefined : (rowId('source', source) ?? 0),
        storyId: story,
      });
      const last = articles.length === limit ? articles.at(-1) : undefined;
      return c.json(
        { data: articles.map(outsideArticle), next: last ? publicId('article', last.id) : null },
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/articles',
      summary: 'Push an article',
      description: 'The same `url` (else `guid`, else text) twice is one article. Safe to repeat.',
      tags,
      security: bearer,
      middleware: write,
      request: { body: json(pushSchema, 'The article') },
      responses: receivedResponses,
    }),
    async (c) => {
      const pushed = c.req.valid('json');
      const received = await pushArticle(ctx, {
        ...pushed,
        bodyHtml: pushed.body_html,
        bodyText: pushed.body,
        authors: pushed.author === undefined ? undefined : [pushed.author].flat(),
        published: pushed.published_at,
        embargoUntil: pushed.embargo_until,
        expires: pushed.expires_at,
        translationOf: pushed.story,
      });
      return c.json(outsideReceived(received), received.kind === 'new' ? 201 : 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/articles/import',
      summary: 'Fetch one page and take its article in',
      tags,
      security: bearer,
      middleware: write,
      request: {
        body: json(
          z.strictObject({ url: z.string(), lang: z.string().optional(), section: z.string().optional() }),
          'Where it is; `lang` where the page does not say or is wrong',
        ),
      },
      responses: receivedResponses,
    }),
    async (c) => {
      const received = await importUrl(ctx, c.req.valid('json'));
      return c.json(outsideReceived(received), received.kind === 'new' ? 201 : 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/articles/{id}',
      summary: 'One article, with its body',
      tags,
      security: bearer,
      middleware: read,
      request: { params: named },
      responses: { 200: json(wholeArticleSchema, 'The article'), ...problems(401, 403, 404) },
    }),
    async (c) => c.json(outsideWholeArticle(await namedArticle(ctx.db, c.req.valid('param').id)), 200),
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/v1/articles/{id}',
      summary: 'Edit, revert, withdraw or restore an article',
      description: 'A field that is named is yours from then on: its source no longer changes it.',
      tags,
      security: bearer,
      middleware: write,
      request: { params: named, body: json(changesSchema, 'What to change; null empties a field') },
      responses: {
        200: json(wholeArticleSchema, 'The article as it is now'),
        ...problems(400, 401, 403, 404, 409, 422),
      },
    }),
    async (c) => {
      const { revert, withdrawn, revision, ...fields } = c.req.valid('json');
      const { id } = await namedArticle(ctx.db, c.req.valid('param').id);
      let article = await editArticle(ctx, id, toChanges(fields), revision);
      if (revert) article = await revertArticle(ctx, id, toFieldNames(revert));
      if (withdrawn !== undefined) article = await withdrawArticle(ctx, id, withdrawn);
      return c.json(outsideWholeArticle(article), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/v1/articles/{id}',
      summary: 'Withdraw an article; its row stays, so its source does not bring it back',
      tags,
      security: bearer,
      middleware: write,
      request: { params: named },
      responses: { 204: { description: 'It is withdrawn' }, ...problems(401, 403, 404) },
    }),
    async (c) => {
      const { id } = await namedArticle(ctx.db, c.req.valid('param').id);
      await withdrawArticle(ctx, id);
      return c.body(null, 204);
    },
  );

  return app;
}

const receivedResponses = {
  200: json(receivedSchema, 'It was there; `outcome` says whether that changed it'),
  201: json(receivedSchema, 'It is new'),
  ...problems(400, 401, 403, 413, 422),
};

function outsideReceived(received: Received) {
  return { ...outsideWholeArticle(received.article), outcome: received.kind };
}

function toFieldNames(columns: readonly string[]): FieldName[] {
  return fieldNames.filter((name) => columns.includes(columnName[name]));
}

type SentChanges = Omit<z.infer<typeof changesSchema>, 'revert' | 'withdrawn' | 'revision'>;

function toChanges({ image, published_at, embargo_until, expires_at, ...same }: SentChanges): Changes {
  return present({
    ...same,
    image: image && present(image),
    publishedAt: when('published_at', published_at, false),
    embargoUntil: when('embargo_until', embargo_until, true),
    expiresAt: when('expires_at', expires_at, true),
  }) as Changes;
}

function when(field: string, text: string | null | undefined, zoneNeeded: boolean): Date | null | undefined {
  return typeof text === 'string' ? instantOrRefused(field, text, zoneNeeded) : text;
}

/** Without the keys whose value is undefined. */
function present<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}
