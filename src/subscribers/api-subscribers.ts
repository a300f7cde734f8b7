import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type ApiKey, maySee, refuseLimited, refuseTestKey } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../lib/errors.ts';
import { publicId, rowId } from '../lib/ids.ts';
import { findNewsletter } from '../newsletters/find.ts';
import type { Newsletter } from '../newsletters/newsletter.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { languages } from '../platform/i18n/languages.ts';
import { addSubscriber } from './add.ts';
import { changeLanguage } from './change-language.ts';
import { erase } from './erase.ts';
import { listSubscribers, needSubscriber, subscriptionsOf, subscriptionsOfAll } from './find.ts';
import { subscriberAnswer, subscriberOutside } from './schemas.ts';
import type { Subscriber, Subscription } from './subscriber.ts';

const tags = ['subscribers'];

export const which = z.object({
  id: z.string().openapi({ description: 'The id or the address', example: 'sub_12' }),
});

const addBody = z
  .strictObject({
    email: z.string().max(1_000),
    newsletter: z.string().openapi({ description: 'Slug or id' }),
    language: z.enum(languages).optional(),
    confirm: z.enum(['send', 'already']).openapi({
      description:
        '`send`: they get a letter to confirm. `already`: they consented elsewhere; say how in `evidence`',
    }),
    evidence: z.string().max(2_000).optional(),
  })
  .openapi('AddSubscriber');

const added = z
  .object({
    outcome: z.enum(['asked', 'added', 'kept']),
    subscriber: z.string().nullable().openapi({ description: 'null while they are asked to confirm' }),
  })
  .openapi('SubscriberAdded');

/** `/v1/subscribers`: people, found by id or address. */
export function subscriberRoutes(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'subscribers:read');
  const write = requireKey(ctx, 'subscribers:write');

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/subscribers',
      summary: 'Subscribers in the order of their arrival',
      tags,
      security: bearer,
      middleware: read,
      request: {
        query: z.object({
          after: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(200).default(50),
          newsletter: z.string().optional().openapi({ description: 'Slug or id' }),
          status: z.enum(['pending', 'active', 'paused', 'unsubscribed']).optional(),
          mail_state: z.enum(['ok', 'undeliverable', 'suppressed']).optional(),
          search: z
            .string()
            .max(254)
            .optional()
            .openapi({ description: 'The beginning of the address, or `@domain`' }),
        }),
      },
      responses: {
        200: json(
          z.object({ data: z.array(subscriberAnswer), next: z.string().nullable() }),
          'A page of subscribers',
        ),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const query = c.req.valid('query');
      const key = c.get('key');
      const newsletter =
        query.newsletter === undefined ? undefined : await seenNewsletter(ctx, key, query.newsletter);
      // A limited key asks about one newsletter at a time.
      if (!newsletter) refuseLimited(key);
      const now = ctx.clock.now();
      const found = await listSubscribers(ctx.db, {
        after: query.after === undefined ? 0 : readId('subscriber', query.after, 'after'),
        limit: query.limit + 1,
        newsletterId: newsletter?.id,
        state: query.status,
        mailState: query.mail_state,
        search: query.search,
        now,
      });
      const page = found.slice(0, query.limit);
      const subscriptions = await subscriptionsOfAll(
        ctx.db,
        page.map((person) => person.id),
      );
      const data = page.map((person) =>
        subscriberOutside(person, seenBy(key, subscriptions.get(person.id) ?? []), now),
      );
      const last = page.at(-1);
      const next = last && found.length > query.limit ? publicId('subscriber', last.id) : null;
      return c.json({ data, next }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/subscribers',
      summary: 'Add a reader: asked to confirm, or with evidence of consent',
      tags,
      security: bearer,
      middleware: write,
      request: { body: json(addBody, 'Whom to add, and how they consent') },
      responses: {
        200: json(added, '`kept`: they have it already, or have left it; nothing changed'),
        201: json(added, '`added`'),
        202: json(added, '`asked`: the letter is on its way, within the limits of the address'),
        ...problems(400, 401, 403, 404, 409, 422),
      },
    }),
    async (c) => {
      const body = c.req.valid('json');
      const key = c.get('key');
      if (body.confirm === 'send') refuseTestKey(key);
      const newsletter = await seenNewsletter(ctx, key, body.newsletter);
      const outcome = await addSubscriber(ctx, { ...body, newsletter, actor: `key:${key.id}` });
      const subscriber = outcome.kind === 'asked' ? null : publicId('subscriber', outcome.subscriberId);
      const status = { asked: 202, added: 201, kept: 200 } as const;
      return c.json({ outcome: outcome.kind, subscriber }, status[outcome.kind]);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/subscribers/{id}',
      summary: 'One subscriber',
      tags,
      security: bearer,
      middleware: read,
      request: { params: which },
      responses: { 200: json(subscriberAnswer, 'The subscriber'), ...problems(401, 403, 404) },
    }),
    async (c) => {
      const person = await seenSubscriber(ctx, c.get('key'), c.req.valid('param').id);
      return c.json(await outside(ctx, c.get('key'), person), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'patch',
      path: '/v1/subscribers/{id}',
      summary: 'Change what is known of a subscriber',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: which,
        body: json(
          z.strictObject({ language: z.enum(languages).optional() }),
          'What changes; the rest stays',
        ),
      },
      responses: { 200: json(subscriberAnswer, 'The subscriber'), ...problems(400, 401, 403, 404, 422) },
    }),
    async (c) => {
      refuseLimited(c.get('key'));
      const person = await seenSubscriber(ctx, c.get('key'), c.req.valid('param').id);
      const { language } = c.req.valid('json');
      if (language !== undefined) {
        await changeLanguage(ctx, { subscriberId: person.id, language, actor: `key:${c.get('key').id}` });
      }
      const changed = await needSubscriber(ctx.db, publicId('subscriber', person.id));
      return c.json(await outside(ctx, c.get('key'), changed), 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'delete',
      path: '/v1/subscribers/{id}',
      summary: 'Erase a subscriber',
      description:
        'Everything that names them goes, after one last letter; numbers and the fact of consent stay. A keyed fingerprint keeps the address from being added again.',
      tags,
      security: bearer,
      middleware: write,
      request: { params: which },
      responses: { 204: { description: 'Erased' }, ...problems(401, 403, 404) },
    }),
    async (c) => {
      refuseLimited(c.get('key'));
      refuseTestKey(c.get('key'));
      const person = await seenSubscriber(ctx, c.get('key'), c.req.valid('param').id);
      await erase(ctx, { subscriberId: person.id, actor: `key:${c.get('key').id}` });
      return c.body(null, 204);
    },
  );
  return app;
}

/** @throws Refusal 404 when there is no such newsletter, or the key may not see it. */
export async function seenNewsletter(ctx: Context, key: ApiKey, slugOrId: string): Promise<Newsletter> {
  const newsletter = await findNewsletter(ctx.db, slugOrId);
  if (newsletter && maySee(key, newsletter.id)) return newsletter;
  throw new Refusal(404, 'no_such_newsletter', 'There is no such newsletter, or this key may not see it.');
}

/** @throws Refusal 404 when there is no such person, or none of their newsletters is the key's. */
export async function seenSubscriber(ctx: Context, key: ApiKey, idOrEmail: string): Promise<Subscriber> {
  const person = await needSubscriber(ctx.db, idOrEmail);
  if (key.newsletterIds === undefined) return person;
  const subscriptions = await subscriptionsOf(ctx.db, person.id);
  if (subscriptions.some((one) => maySee(key, one.newsletterId))) return person;
  throw new Refusal(404, 'no_such_subscriber', 'There is no such subscriber.');
}

async function outside(ctx: Context, key: ApiKey, person: Subscriber) {
  const subscriptions = await subscriptionsOf(ctx.db, person.id);
  return subscriberOutside(person, seenBy(key, subscriptions), ctx.clock.now());
}

function seenBy(key: ApiKey, subscriptions: readonly Subscription[]): Subscription[] {
  return subscriptions.filter((one) => maySee(key, one.newsletterId));
}

/** @throws Refusal 422 when the text is no id of that kind. */
export function readId(kind: 'subscriber' | 'suppression', text: string, field: string): number {
  const id = rowId(kind, text);
  if (id === undefined) throw new Refusal(422, 'invalid', `${field} is no id of a ${kind}.`, field);
  return id;
}
