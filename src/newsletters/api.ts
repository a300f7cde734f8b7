import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { refuseLimited } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId, rowId } from '../lib/ids.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { embedApi } from './api-embed.ts';
import { publisherApi } from './api-publisher.ts';
import { changeNewsletter, type NewsletterChange } from './change.ts';
import { createNewsletter } from './create.ts';
import { newsletterDocument, newsletterFields, newsletterPatch, wholeRecipeDocument } from './document.ts';
import { listNewsletters } from './find.ts';
import { needSeen, which } from './seen.ts';
import { outside, wholeRecipe } from './to-document.ts';

const answer = newsletterFields
  .extend({ id: z.string(), revision: z.int(), created_at: z.iso.datetime(), sign_up_url: z.url() })
  .openapi('Newsletter');

const tags = ['newsletters'];

/** `/v1/newsletters` and `/v1/publisher`: who publishes, what people can subscribe to, and the box to paste. */
export function newslettersApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'newsletters:read');
  const write = requireKey(ctx, 'newsletters:write');
  const { baseUrl } = ctx.config;

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/newsletters',
      summary: 'Newsletters in the order of their creation',
      tags,
      security: bearer,
      middleware: read,
      request: {
        query: z.object({
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(100).default(50),
        }),
      },
      responses: {
        200: json(z.object({ data: z.array(answer), next: z.string().nullable() }), 'A page of newsletters'),
        ...problems(401, 403, 422),
      },
    }),
    async (c) => {
      const { after, limit } = c.req.valid('query');
      const found = await listNewsletters(ctx.db, {
        after: after === undefined ? 0 : readAfter(after),
        limit: limit + 1,
        only: c.get('key').newsletterIds,
      });
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const next = last && found.length > limit ? publicId('newsletter', last.id) : null;
      return c.json({ data: page.map((one) => outside(one, baseUrl)), next }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/newsletters',
      summary: 'Create a newsletter',
      tags,
      security: bearer,
      middleware: write,
      request: { body: json(newsletterDocument, 'The newsletter; what has a default may be left out') },
      responses: {
        201: json(answer, 'The newsletter, its address in `Location`'),
        ...problems(400, 401, 403, 409, 422),
      },
    }),
    async (c) => {
      refuseLimited(c.get('key'));
      const newsletter = await createNewsletter(ctx, c.req.valid('json'));
      c.header('Location', `${baseUrl}/v1/newsletters/${publicId('newsletter', newsletter.id)}`);
      return c.json(outside(newsletter, baseUrl), 201);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/newsletters/{id}',
      summary: 'One newsletter',
      tags,
      security: bearer,
      middleware: read,
      request: { params: which },
      responses: { 200: json(answer, 'The newsletter; `ETag` is its revision'), ...problems(401, 403, 404) },
    }),
    async (c) => {
      const newsletter = await needSeen(ctx.db, c.get('key'), c.req.valid('param').id);
      c.header('ETag', `"${newsletter.revision}"`);
      return c.json(outside(newsletter, baseUrl), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/v1/newsletters/{id}',
      summary: 'Change a newsletter',
      description: 'Merges: what is left out stays. With `If-Match` only over the revision named there.',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: which,
        headers: z.object({ 'if-match': z.string().optional() }),
        body: json(newsletterPatch, 'What changes'),
      },
      responses: { 200: json(answer, 'The changed newsletter'), ...problems(400, 401, 403, 404, 409, 422) },
    }),
    async (c) => {
      const { id } = await needSeen(ctx.db, c.get('key'), c.req.valid('param').id);
      const change = c.req.valid('json') as NewsletterChange;
      const revision = readRevision(c.req.valid('header')['if-match']);
      const newsletter = await changeNewsletter(ctx, id, change, { revision });
      c.header('ETag', `"${newsletter.revision}"`);
      return c.json(outside(newsletter, baseUrl), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/newsletters/{id}/recipe',
      summary: 'How its editions are put together',
      tags,
      security: bearer,
      middleware: read,
      request: { params: which },
      responses: {
        200: json(wholeRecipeDocument, 'The recipe with its sections'),
        ...problems(401, 403, 404),
      },
    }),
    async (c) => c.json(wholeRecipe(await needSeen(ctx.db, c.get('key'), c.req.valid('param').id)), 200),
  );

  app.openapi(
    createRoute({
      method: 'put',
      path: '/v1/newsletters/{id}/recipe',
      summary: 'Replace the recipe and the sections',
      tags,
      security: bearer,
      middleware: write,
      request: { params: which, body: json(wholeRecipeDocument, 'The whole recipe') },
      responses: {
        200: json(wholeRecipeDocument, 'The recipe as it is now'),
        ...problems(400, 401, 403, 404, 422),
      },
    }),
    async (c) => {
      const { id } = await needSeen(ctx.db, c.get('key'), c.req.valid('param').id);
      const { sections, ...recipe } = c.req.valid('json');
      return c.json(wholeRecipe(await changeNewsletter(ctx, id, { recipe, sections })), 200);
    },
  );

  app.route('/', embedApi(ctx));
  app.route('/', publisherApi(ctx));
  return app;
}

function readAfter(after: string): number {
  const id = rowId('newsletter', after);
  if (id === undefined) throw new Refusal(422, 'invalid', 'after is no id of a newsletter.', 'after');
  return id;
}

function readRevision(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const revision = /^"?(\d+)"?$/.exec(ifMatch)?.[1];
  if (!revision) throw new Refusal(422, 'invalid', 'If-Match holds no revision like "3".', 'If-Match');
  return Number(revision);
}
