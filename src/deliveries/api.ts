import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type ApiKey, refuseTestKey, refuseUnseen } from '../access/key.ts';
import { type KeyEnv, requireKey } from '../access/require-key.ts';
import type { Context } from '../context.ts';
import { namedEdition } from '../editions/find.ts';
import { Refusal } from '../lib/errors.ts';
import { type IdKind, publicId, rowId } from '../lib/ids.ts';
import { bearer, json, openApi, problems } from '../platform/http/openapi.ts';
import { laneRoutes } from './api-lanes.ts';
import { cancelSend } from './cancel-send.ts';
import { listSends, namedSend } from './find-send.ts';
import { listDeliveries } from './list-deliveries.ts';
import { listFailures } from './list-failures.ts';
import { outsideDelivery, outsideFailures, outsideSend } from './outside.ts';
import { pauseSend } from './pause-send.ts';
import { progress } from './progress.ts';
import type { Send } from './queries.ts';
import { holdSecondsDefault, holdSecondsMax, requestSend } from './request-send.ts';
import { resumeSend } from './resume-send.ts';
import { retryFailures } from './retry-failures.ts';
import {
  deliverySchema,
  deliveryStates,
  failureSchema,
  named,
  sendSchema,
  verifiedSchema,
} from './schemas.ts';
import { verifySend } from './verify-send.ts';

const tags = ['sends'];
const resumeQuery = z.object({
  only: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .openapi({ description: 'Go on for so many deliveries, then pause again' }),
});
const page = { after: z.string().optional(), limit: z.coerce.number().int().min(1).max(100).default(20) };

/** `/v1/editions/{id}/send`, `/v1/sends` and `/v1/deliveries`: one edition to its readers, watched and steered. */
export function deliveriesApi(ctx: Context): OpenAPIHono<KeyEnv> {
  const app = openApi<KeyEnv>();
  const read = requireKey(ctx, 'sends:read');
  const write = requireKey(ctx, 'sends:write');

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/editions/{id}/send',
      summary: 'Send an edition to its readers',
      description:
        'Say how many readers you expect: more than 5 % off is refused as `audience_changed`. During the hold a cancel ' +
        'prevents everything. An edition is sent once.',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: named,
        query: z.object({ newsletter: z.string().optional() }),
        body: json(
          z.strictObject({
            expect_recipients: z.int().nonnegative().optional(),
            hold_seconds: z.int().min(0).max(holdSecondsMax).default(holdSecondsDefault),
          }),
          'What the caller expects',
        ),
      },
      responses: {
        202: json(sendSchema, 'The send, starting'),
        ...problems(400, 401, 403, 404, 409, 422, 503),
      },
    }),
    async (c) => {
      const key = c.get('key');
      const { newsletter } = c.req.valid('query');
      const edition = await namedEdition(ctx.db, c.req.valid('param').id, newsletter);
      refuseUnseen(key, edition.newsletterId);
      const { expect_recipients, hold_seconds } = c.req.valid('json');
      await requestSend(ctx, {
        editionId: edition.id,
        expectRecipients: expect_recipients,
        holdSeconds: hold_seconds,
        by: { name: `key:${key.prefix}`, mode: key.mode },
      });
      return c.json(await shown(edition.id), 202);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sends',
      summary: 'Sends, the newest first',
      tags,
      security: bearer,
      middleware: read,
      request: { query: z.object(page) },
      responses: {
        200: json(z.object({ data: z.array(sendSchema), next: z.string().nullable() }), 'A page of sends'),
        ...problems(401, 403, 422),
      },
    }),
    async (c) => {
      const { after, limit } = c.req.valid('query');
      const before = after === undefined ? undefined : need('send', after, 'after');
      const found = await listSends(ctx.db, {
        before,
        newsletterIds: c.get('key').newsletterIds,
        limit: limit + 1,
      });
      const data = await Promise.all(found.slice(0, limit).map((send) => shown(send.editionId)));
      const next = found.length > limit ? (data.at(-1)?.id ?? null) : null;
      return c.json({ data, next }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sends/{id}',
      summary: 'How far a send is',
      tags,
      security: bearer,
      middleware: read,
      request: { params: named },
      responses: { 200: json(sendSchema, 'The send'), ...problems(401, 403, 404, 422) },
    }),
    async (c) => c.json(await shown((await find(c.get('key'), c.req.valid('param').id)).editionId), 200),
  );

  for (const act of ['pause', 'resume', 'cancel'] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/v1/sends/{id}/${act}`,
        summary: acts[act],
        tags,
        security: bearer,
        middleware: write,
        request: { params: named, query: act === 'resume' ? resumeQuery : z.object({}) },
        responses: {
          200: json(sendSchema, 'The send as it is now'),
          ...problems(401, 403, 404, 409, 422, 503),
        },
      }),
      async (c) => {
        if (act === 'resume') refuseTestKey(c.get('key'));
        const { editionId } = await find(c.get('key'), c.req.valid('param').id);
        if (act === 'pause') await pauseSend(ctx, { editionId, by: c.get('key').name });
        else if (act === 'resume')
          await resumeSend(ctx, { editionId, only: resumeQuery.parse(c.req.query()).only });
        else await cancelSend(ctx, { editionId });
        return c.json(await shown(editionId), 200);
      },
    );
  }

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/sends/{id}/failures',
      summary: 'What failed, grouped by plain reason',
      tags,
      security: bearer,
      middleware: read,
      request: { params: named },
      responses: {
        200: json(z.object({ data: z.array(failureSchema) }), 'The groups, the largest first'),
        ...problems(401, 403, 404, 422),
      },
    }),
    async (c) => {
      const { editionId } = await find(c.get('key'), c.req.valid('param').id);
      return c.json({ data: outsideFailures(await listFailures(ctx.db, editionId)) }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/sends/{id}/retries',
      summary: 'Send failed deliveries once more',
      description:
        'A group by its class, or one subscriber. Never one that was accepted. One whose outcome is unknown may arrive twice.',
      tags,
      security: bearer,
      middleware: write,
      request: {
        params: named,
        body: json(
          z.union([
            z.strictObject({ class: z.string().max(40) }),
            z.strictObject({ subscriber: z.string() }),
          ]),
          'Which',
        ),
      },
      responses: {
        202: json(z.object({ deliveries: z.int() }), 'How many went back into the queue'),
        ...problems(400, 401, 403, 404, 409, 422, 503),
      },
    }),
    async (c) => {
      refuseTestKey(c.get('key'));
      const { editionId } = await find(c.get('key'), c.req.valid('param').id);
      const body = c.req.valid('json');
      const what =
        'class' in body ? body : { subscriberId: need('subscriber', body.subscriber, 'subscriber') };
      const deliveries = await retryFailures(ctx, { editionId, what, by: c.get('key').name });
      return c.json({ deliveries }, 202);
    },
  );

  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/sends/{id}/verify',
      summary: 'Recount a send row by row, and mend its counts if they were wrong',
      tags,
      security: bearer,
      middleware: write,
      request: { params: named },
      responses: { 200: json(verifiedSchema, 'What was found'), ...problems(401, 403, 404, 409, 422) },
    }),
    async (c) => {
      const { editionId } = await find(c.get('key'), c.req.valid('param').id);
      const { agreed, off, counts } = await verifySend(ctx, editionId);
      return c.json({ agreed, off, counts }, 200);
    },
  );

  app.openapi(
    createRoute({
      method: 'get',
      path: '/v1/deliveries',
      summary: 'Deliveries of an edition, of a subscriber, or the one of both',
      tags,
      security: bearer,
      middleware: read,
      request: {
        query: z.object({
          edition: z.string().optional(),
          subscriber: z.string().optional(),
          state: z.enum(deliveryStates).optional(),
          ...page,
        }),
      },
      responses: {
        200: json(
          z.object({ data: z.array(deliverySchema), next: z.string().nullable() }),
          'A page of deliveries',
        ),
        ...problems(401, 403, 422),
      },
    }),
    async (c) => {
      const { edition, subscriber, state, after, limit } = c.req.valid('query');
      if (edition === undefined && subscriber === undefined) {
        throw new Refusal(422, 'invalid', 'Name an edition, a subscriber, or both.', 'edition');
      }
      const pagedBy: IdKind = edition === undefined ? 'edition' : 'subscriber';
      const found = await listDeliveries(ctx.db, {
        editionId: edition === undefined ? undefined : need('edition', edition, 'edition'),
        subscriberId: subscriber === undefined ? undefined : need('subscriber', subscriber, 'subscriber'),
        state,
        newsletterIds: c.get('key').newsletterIds,
        after: after === undefined ? undefined : need(pagedBy, after, 'after'),
        limit: limit + 1,
      });
      const data = found.slice(0, limit).map((one) => outsideDelivery(one, ctx.keyring));
      const last = found.length > limit ? found[limit - 1] : undefined;
      const lastId = pagedBy === 'edition' ? last?.editionId : last?.subscriberId;
      return c.json({ data, next: lastId === undefined ? null : publicId(pagedBy, lastId) }, 200);
    },
  );

  async function shown(editionId: number) {
    return outsideSend(await progress(ctx, editionId));
  }

  async function find(key: ApiKey, name: string): Promise<Send> {
    const send = await namedSend(ctx.db, name);
    refuseUnseen(key, send.newsletterId);
    return send;
  }

  app.route('/', laneRoutes(ctx));
  return app;
}

const acts = {
  pause: 'Pause: no delivery begins more than five seconds later',
  resume: 'Go on where it stood',
  cancel: 'Cancel: what has not gone out never will',
};

function need(kind: IdKind, text: string, field: string): number {
  const id = rowId(kind, text);
  if (id === undefined)
    throw new Refusal(422, 'invalid', `${text.slice(0, 40)} is no id of this kind.`, field);
  return id;
}
