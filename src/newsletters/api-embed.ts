import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { languages } from '../platform/i18n/languages.ts';
import { printBox } from './print-box.ts';
import { findSeen, needSeen, which } from './seen.ts';

const query = z.object({
  lang: z.enum(languages).optional(),
  src: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'has lower-case letters, digits, _ and -')
    .optional()
    .openapi({ description: 'Which form it is, kept with each consent', example: 'article-box' }),
  heading_level: z.coerce
    .number()
    .pipe(z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]))
    .optional()
    .openapi({ type: 'integer', description: 'Of the headline, to fit the page around it', example: 2 }),
  theme: z.enum(['auto', 'light', 'dark']).optional(),
  topics: z
    .string()
    .max(900)
    .optional()
    .openapi({ description: 'Sections that the subscription is to be about, by comma', example: 'politics' }),
  beside: z.string().max(2_000).optional().openapi({
    description: 'Other newsletters to choose from in the same box, by comma: their slugs or ids',
    example: 'the-brief',
  }),
});

const oneOnly = 'Not with `beside`';

const answer = z
  .object({
    lang: z.string(),
    consent_v: z
      .string()
      .optional()
      .openapi({ description: `Names the words that it shows. ${oneOnly}: each has its own` }),
    html: z.string().openapi({ description: 'A form that works without script and style' }),
    script: z.string().openapi({ description: 'The same form with our styles, sent in place' }),
    iframe: z
      .string()
      .optional()
      .openapi({ description: `For editors that let no form through. ${oneOnly}` }),
    iframe_heights: z
      .object({ '320': z.int(), '600': z.int() })
      .optional()
      .openapi({ description: `The height that the frame needs where it is so many px wide. ${oneOnly}` }),
  })
  .openapi('CopyBlocks');

/** `/v1/newsletters/{id}/embed`: the box to paste. */
export function embedApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/newsletters/{id}/embed',
      summary: 'The sign-up box to paste into an article: plain HTML, with our script, or in a frame',
      description:
        'With `beside` readers choose among several newsletters in one box, which is plain or with our script: a frame holds one.',
      tags: ['newsletters'],
      security: bearer,
      middleware: requireKey(ctx, 'newsletters:read'),
      request: { params: which, query },
      responses: {
        200: json(answer, 'The box, three ways; of several newsletters two'),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const key = c.get('key');
      const newsletter = await needSeen(ctx.db, key, c.req.valid('param').id);
      const { heading_level: headingLevel, topics, beside, ...rest } = c.req.valid('query');
      const box = await printBox(ctx, newsletter, {
        ...rest,
        headingLevel,
        topics: topics?.split(','),
        beside: beside?.split(','),
        find: (slugOrId) => findSeen(ctx.db, key, slugOrId),
      });
      return c.json(box, 200);
    },
  );
  return app;
}
