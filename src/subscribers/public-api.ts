import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { KeyEnv } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { json, openApi, problems } from '../platform/http/openapi.ts';
import { listedOrigin } from './listed-origin.ts';
import { signUp } from './sign-up.ts';
import { allowOrigin, answerPreflight, answerSignUpAsJson } from './sign-up-json.ts';

const path = '/v1/public/sign-ups';

const signUpBody = z
  .strictObject({
    email: z.string().max(1_000),
    newsletters: z
      .array(z.string().max(100))
      .min(1)
      .max(20)
      .openapi({ example: ['inside-washington'] }),
    marketing: z.boolean().default(false).openapi({ description: 'Whether the box for offers was ticked' }),
    consent_version: z
      .string()
      .max(60)
      .optional()
      .openapi({ description: 'The version of the words that were shown', example: '2026-07-01.en' }),
    topics: z
      .array(z.string().max(40))
      .max(20)
      .optional()
      .openapi({ description: 'Sections of the one newsletter that is named; without them, all' }),
    lang: z.string().max(35).optional(),
    src: z.string().max(40).optional().openapi({ description: 'Which form it was', example: 'article-box' }),
    page: z.string().max(2_000).optional().openapi({ description: 'The address of the page with the form' }),
    accept_domain: z
      .string()
      .max(253)
      .optional()
      .openapi({ description: 'Keep this domain although it looks wrong' }),
    still_human: z
      .string()
      .max(200)
      .optional()
      .openapi({ description: 'From a 429 `one_more_step`: good for one sign-up' }),
    proof: z.string().max(12).optional().openapi({
      description:
        'A whole number: the SHA-256 of `<still_human>.<proof>` begins with `proof_bits` zero bits',
    }),
    website: z.string().max(1_000).optional().openapi({ description: 'Leave empty: people do not see it' }),
  })
  .openapi('SignUp');

const accepted = z
  .object({
    status: z.literal('accepted'),
    inbox: z
      .object({ provider: z.string(), url: z.url() })
      .nullable()
      .openapi({ description: "The reader's mailbox on the web, when its provider is known" }),
    letter: z
      .object({ from: z.string(), subject: z.string() })
      .openapi({ description: 'What to look for in it: the same for every address' }),
  })
  .openapi('SignUpAccepted');

/** `POST /v1/public/sign-ups`: the one endpoint without a key. One answer for every valid address. */
export function publicApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  app.options(path, async (c) => answerPreflight(c, ctx, await listedOrigin(ctx.db, c.req.header('Origin'))));
  app.use(path, async (c, next) => {
    await next();
    if (c.req.method === 'POST') allowOrigin(c, ctx, await listedOrigin(ctx.db, c.req.header('Origin')));
  });
  app.openapi(
    createRoute({
      method: 'post',
      path,
      summary: 'Sign an address up, which then gets a letter to confirm',
      description:
        'Always 202 with the same body for every valid address, whether or not it is on a list already. Browsers may call it from origins that the newsletter lists.',
      tags: ['public'],
      request: { body: json(signUpBody, 'What the form said') },
      responses: {
        202: json(accepted, 'Taken; nothing more is told'),
        ...problems(400, 403, 413, 422, 429, 503),
      },
    }),
    async (c) => {
      const body = c.req.valid('json');
      const outcome = await signUp(
        ctx,
        {
          email: body.email,
          newsletters: body.newsletters,
          marketing: body.marketing,
          consentVersion: body.consent_version,
          topics: body.topics,
          lang: body.lang,
          form: body.src,
          page: body.page ?? c.req.header('Referer') ?? c.req.header('Origin'),
          honeypot: body.website,
          acceptDomain: body.accept_domain,
          stillHuman: body.still_human,
          proof: body.proof,
        },
        {
          clientAddress: c.get('clientAddress'),
          userAgent: c.req.header('User-Agent'),
          origin: c.req.header('Origin'),
          scripted: true,
        },
      );
      return (await answerSignUpAsJson(ctx, c, outcome)) as never;
    },
  );
  return app;
}
