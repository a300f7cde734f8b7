import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { maySee, refuseLimited } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { seenNewsletter, seenSubscriber, which } from './api-subscribers.ts';
import { consentsOf, subscriptionsOf } from './find.ts';
import { pause } from './pause.ts';
import { consentAnswer, consentOutside, subscriptionAnswer, subscriptionOutside } from './schemas.ts';
import { unsubscribe } from './unsubscribe.ts';

const tags = ['subscribers'];
const list = json(z.object({ data: z.array(subscriptionAnswer) }), 'The subscriptions as they are now');

/** What one subscriber has, has agreed to, pauses and leaves. */
export function subscriptionRoutes(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'subscribers:read');
  const write = requireKey(ctx, 'subscribers:write');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/subscribers/{id}/subscriptions',
      summary: 'What a subscriber has, and had',
      tags,
      security: bearer,
      middleware: read,
      request: { params: which },
      responses: { 200: list, ...problems(401, 403, 404) },
    }),
    async (c) => {
      const person = await seenSubscriber(ctx, c.get('key'), c.req.valid('param').id);
      return c.json({ data: await shown(person.id, c.get('key')) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/subscribers/{id}/consents',
      summary: 'What a subscriber agreed to and withdrew, with the exact words',
      tags,
      security: bearer,
      middleware: read,
      request: { params: which },
      responses: {
        200: json(z.object({ data: z.array(consentAnswer) }), 'Every consent, oldest first'),
        ...problems(401, 403, 404),
      },
    }),
    async (c) => {
      const key = c.get('key');
      const person = await seenSubscriber(ctx, key, c.req.valid('param').id);
      const records = await consentsOf(ctx.db, person.id);
      const seen = records.filter((one) =>
        one.newsletterId === undefined ? key.newsletterIds === undefined : maySee(key, one.newsletterId),
      );
      return c.json({ data: seen.map(consentOutside) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/subscribers/{id}/unsubscribe',
      summary: 'End one subscription, or all of them',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: which,
        body: json(
          z.strictObject({ newsletter: z.string().openapi({ description: 'Slug, id, or `all`' }) }),
          'What they leave',
        ),
      },
      responses: { 200: list, ...problems(400, 401, 403, 404, 422) },
    }),
    async (c) => {
      const key = c.get('key');
      const person = await seenSubscriber(ctx, key, c.req.valid('param').id);
      const { newsletter } = c.req.valid('json');
      if (newsletter === 'all') refuseLimited(key);
      const newsletterId = newsletter === 'all' ? 'all' : (await seenNewsletter(ctx, key, newsletter)).id;
      const actor = `key:${key.id}`;
      await unsubscribe(ctx, { subscriberId: person.id, newsletterId, method: 'operator', actor });
      return c.json({ data: await shown(person.id, key) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/subscribers/{id}/pause',
      summary: 'Let a subscription wait, at most 180 days, or end the pause',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: which,
        body: json(
          z.strictObject({
            newsletter: z.string(),
            until: z.iso.datetime({ offset: true }).nullable().openapi({ description: 'null ends a pause' }),
          }),
          'Which, and until when',
        ),
      },
      responses: { 200: list, ...problems(400, 401, 403, 404, 422) },
    }),
    async (c) => {
      const key = c.get('key');
      const person = await seenSubscriber(ctx, key, c.req.valid('param').id);
      const { newsletter, until } = c.req.valid('json');
      const { id: newsletterId } = await seenNewsletter(ctx, key, newsletter);
      await pause(ctx, {
        subscriberId: person.id,
        newsletterId,
        until: until === null ? undefined : new Date(until),
        actor: `key:${key.id}`,
      });
      return c.json({ data: await shown(person.id, key) }, 200);
    },
  );

  async function shown(subscriberId: number, key: KeyEnv['Variables']['key']) {
    const all = await subscriptionsOf(ctx.db, subscriberId);
    return all
      .filter((one) => maySee(key, one.newsletterId))
      .map((one) => subscriptionOutside(one, ctx.clock.now()));
  }
  return app;
}
