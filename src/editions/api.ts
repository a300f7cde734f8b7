import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type ApiKey, refuseUnseen } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { publicId, rowId } from '../lib/ids.ts';
import { getNewsletter, namedOrOnlyNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { approveApi } from './api-approve.ts';
import { archiveApi } from './api-archive.ts';
import { publicEditionsApi } from './api-public.ts';
import { cancelEdition } from './cancel.ts';
import { changeEdition } from './change.ts';
import { countedOpinions } from './count-opinion.ts';
import { draft } from './draft.ts';
import type { Edition } from './edition.ts';
import { listEditions, namedEdition } from './find.ts';
import { outside, outsideApprovals, outsideStories, outsideVariants } from './outside.ts';
import { preview } from './preview.ts';
import { editionSchema, named, ofNewsletter, wholeSchema, words } from './schemas.ts';
import { sendTest } from './send-test.ts';

/** `/v1/editions`: drafting, reading, changing, previewing and testing. Sending is the deliveries' part. */
export function editionsApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'editions:read');
  const write = requireKey(ctx, 'editions:write');
  const { baseUrl } = ctx.config;

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/editions',
      summary: 'Editions, the newest first',
      tags: ['editions'],
      security: bearer,
      middleware: read,
      request: {
        query: ofNewsletter.extend({
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(100).default(20),
        }),
      },
      responses: {
        200: json(
          z.object({ data: z.array(editionSchema), next: z.string().nullable() }),
          'A page of editions',
        ),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const { newsletter: name, after, limit } = c.req.valid('query');
      const newsletter = await namedOrOnlyNewsletter(ctx.db, name);
      refuseUnseen(c.get('key'), newsletter.id);
      const before = after === undefined ? undefined : rowId('edition', after);
      const editions = await listEditions(ctx.db, { newsletterId: newsletter.id, before, limit });
      const last = editions.at(-1);
      return c.json(
        {
          data: editions.map((edition) => outside(edition, newsletter, baseUrl)),
          next: last && editions.length === limit ? publicId('edition', last.id) : null,
        },
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/editions',
      summary: 'Draft the edition of a date from the recipe',
      description: 'Chooses anew as long as nobody has touched it, and composes it. Safe to repeat.',
      tags: ['editions'],
      security: bearer,
      middleware: write,
      request: {
        body: json(
          z.strictObject({
            newsletter: z.string().optional(),
            date: z.iso.date().optional(),
            seq: z.int().min(1).max(9).optional(),
          }),
          'Which edition',
        ),
      },
      responses: { 201: json(wholeSchema, 'The draft'), ...problems(400, 401, 403, 404, 409, 422) },
    }),
    async (c) => {
      const { newsletter: name, date, seq } = c.req.valid('json');
      const newsletter = await namedOrOnlyNewsletter(ctx.db, name);
      refuseUnseen(c.get('key'), newsletter.id);
      const { edition } = await draft(ctx, { newsletter, slotDate: date, seq });
      return c.json(await whole(edition, newsletter), 201);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/editions/{id}',
      summary: 'One edition with every story that was weighed, and why',
      tags: ['editions'],
      security: bearer,
      middleware: read,
      request: { params: named, query: ofNewsletter },
      responses: { 200: json(wholeSchema, 'The edition'), ...problems(401, 403, 404, 422) },
    }),
    async (c) => {
      const { edition, newsletter } = await find(
        c.get('key'),
        c.req.valid('param').id,
        c.req.valid('query').newsletter,
      );
      return c.json(await whole(edition, newsletter), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/v1/editions/{id}',
      summary: 'Change its own words',
      description:
        'From then on it is not put together anew by itself. An empty text gives the word back to the rules.',
      tags: ['editions'],
      security: bearer,
      middleware: write,
      request: {
        params: named,
        query: ofNewsletter,
        body: json(
          z.strictObject({
            subject: words.optional(),
            preheader: words.optional(),
            greeting: words.optional(),
            revision: z.int().optional(),
          }),
          'Words by language',
        ),
      },
      responses: {
        200: json(wholeSchema, 'The edition as it is now'),
        ...problems(400, 401, 403, 404, 409, 422),
      },
    }),
    async (c) => {
      const { edition, newsletter } = await find(
        c.get('key'),
        c.req.valid('param').id,
        c.req.valid('query').newsletter,
      );
      const { revision, ...changed } = c.req.valid('json');
      return c.json(
        await whole(await changeEdition(ctx, { edition, newsletter, words: changed, revision }), newsletter),
        200,
      );
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/editions/{id}/cancel',
      summary: 'Cancel it before it has started; its stories go to the next one',
      tags: ['editions'],
      security: bearer,
      middleware: write,
      request: { params: named, query: ofNewsletter },
      responses: { 200: json(wholeSchema, 'The edition as it is now'), ...problems(401, 403, 404, 409) },
    }),
    async (c) => {
      const { edition, newsletter } = await find(
        c.get('key'),
        c.req.valid('param').id,
        c.req.valid('query').newsletter,
      );
      return c.json(await whole(await cancelEdition(ctx, edition), newsletter), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/editions/{id}/preview',
      summary: 'How it reads now, in one language',
      tags: ['editions'],
      security: bearer,
      middleware: read,
      request: { params: named, query: ofNewsletter.extend({ lang: z.string().optional() }) },
      responses: {
        200: json(
          z.object({
            lang: z.string(),
            subject: z.string(),
            preheader: z.string(),
            html: z.string(),
            text: z.string(),
          }),
          'Both parts, with places where a reader’s own links go',
        ),
        ...problems(401, 403, 404, 409, 422),
      },
    }),
    async (c) => {
      const query = c.req.valid('query');
      const { edition, newsletter } = await find(c.get('key'), c.req.valid('param').id, query.newsletter);
      const { lang, view, html, text } = await preview(ctx, { edition, newsletter, lang: query.lang });
      return c.json({ lang, subject: view.title, preheader: view.preheader, html, text }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/editions/{id}/tests',
      summary: 'Send a test to people of the house',
      tags: ['editions'],
      security: bearer,
      middleware: write,
      request: {
        params: named,
        query: ofNewsletter,
        body: json(
          z.strictObject({ emails: z.array(z.string()).min(1).max(10), lang: z.string().optional() }),
          'To whom',
        ),
      },
      responses: {
        200: json(
          z.object({
            data: z.array(z.object({ email: z.string(), accepted: z.boolean(), answer: z.string() })),
          }),
          'What the server said of each',
        ),
        ...problems(400, 401, 403, 404, 409, 422),
      },
    }),
    async (c) => {
      const { edition, newsletter } = await find(
        c.get('key'),
        c.req.valid('param').id,
        c.req.valid('query').newsletter,
      );
      const sent = await sendTest(ctx, {
        edition,
        newsletter,
        by: c.get('key').mode,
        ...c.req.valid('json'),
      });
      return c.json({ data: sent }, 200);
    },
  );

  app.route('/', approveApi(ctx));
  app.route('/', archiveApi(ctx));
  app.route('/', publicEditionsApi(ctx));

  async function find(key: ApiKey, name: string, newsletterName: string | undefined) {
    const edition = await namedEdition(ctx.db, name, newsletterName);
    refuseUnseen(key, edition.newsletterId);
    return { edition, newsletter: await getNewsletter(ctx.db, edition.newsletterId) };
  }

  async function whole(edition: Edition, newsletter: Newsletter) {
    return {
      ...outside(edition, newsletter, baseUrl),
      opinions: await countedOpinions(ctx.db, edition.id),
      approvals: await outsideApprovals(ctx.db, edition),
      slots: await outsideStories(ctx.db, edition, newsletter),
      variants: await outsideVariants(ctx.db, edition),
    };
  }

  return app;
}
