import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { KeyEnv } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { findNewsletter } from '../newsletters/find.ts';
import { json, openApi, problems } from '../platform/http/openapi.ts';
import { webUrl } from './addresses.ts';
import { slotName } from './edition.ts';
import { readSlotName } from './find.ts';
import { listedPages } from './page-queries.ts';

const maxAgeSeconds = 300;

const listed = z
  .object({
    newsletter: z.string(),
    name: z.string().openapi({ example: '2026-07-14' }),
    lang: z.string(),
    title: z.string(),
    description: z.string(),
    url: z.url(),
    published_at: z.iso.datetime(),
    changed_at: z.iso
      .datetime()
      .openapi({ description: 'Later than it was published when it was corrected' }),
  })
  .openapi('PublishedEdition');

/** `GET /v1/public/editions`: the archive for programs, without a key. A private newsletter is not there. */
export function publicEditionsApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/public/editions',
      summary: 'Published editions of a newsletter, the newest first',
      description: 'The same for everybody. With all that they say: `/<newsletter>/feed.json`.',
      tags: ['public'],
      request: {
        query: z.object({
          newsletter: z.string().max(60).openapi({ example: 'inside-washington' }),
          lang: z.string().max(35).optional().openapi({ description: "Default: the newsletter's own" }),
          after: z.string().optional().openapi({ description: '`next` of the page before' }),
          limit: z.coerce.number().int().min(1).max(100).default(30),
        }),
      },
      responses: {
        200: json(z.object({ data: z.array(listed), next: z.string().nullable() }), 'A page of editions'),
        ...problems(404, 422),
      },
    }),
    async (c) => {
      const { newsletter: slug, lang: asked, after, limit } = c.req.valid('query');
      const newsletter = await findNewsletter(ctx.db, slug);
      const lang = asked ?? newsletter?.languages[0];
      const older = after === undefined ? undefined : readSlotName(after);
      if (!newsletter || newsletter.visibility === 'private' || !lang) {
        throw new Refusal(404, 'no_such_newsletter', `There is no newsletter ${slug}.`, 'newsletter');
      }
      if (!newsletter.languages.includes(lang)) {
        throw new Refusal(422, 'no_such_language', `${newsletter.name} has no language ${lang}.`, 'lang');
      }
      if (after !== undefined && !older) {
        throw new Refusal(422, 'no_edition_name', `${after} names no edition.`, 'after');
      }
      const editions = await listedPages(ctx.db, {
        newsletterId: newsletter.id,
        lang,
        older,
        appearedBy: ctx.clock.now(),
        limit,
      });
      const last = editions.at(-1);
      c.header('Cache-Control', `public, max-age=${maxAgeSeconds}`);
      return c.json(
        {
          data: editions.map((edition) => ({
            newsletter: newsletter.slug,
            name: slotName(edition),
            lang,
            title: edition.title,
            description: edition.description,
            url: webUrl(ctx.config.baseUrl, newsletter, edition, lang),
            published_at: edition.appearsAt.toISOString(),
            changed_at: edition.changedAt.toISOString(),
          })),
          next: last && editions.length === limit ? slotName(last) : null,
        },
        200,
      );
    },
  );
  return app;
}
