import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import type { KeyEnv } from '../../src/access/require-key.ts';
import { articlesApi } from '../../src/articles/api.ts';
import { answerFaults } from '../../src/platform/http/answer.ts';
import { openApiDocument } from '../../src/platform/http/openapi.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { type Loopback, openLoopback } from '../support/loopback.ts';
import * as fixtures from './fixtures/one-story.ts';

let ctx: TestContext;
let web: Loopback;
let app: Hono<KeyEnv>;
let writer = '';
let reader = '';

beforeAll(async () => {
  web = await openLoopback();
  ctx = await testContext({ env: { FETCH_ALLOW: web.pair } });
  app = new Hono<KeyEnv>();
  answerFaults(app, { log: ctx.log, drawFault: () => '' as never });
  app.route('/', articlesApi(ctx));
  writer = (await createKey(ctx, { name: 'desk', scopes: ['articles:*'] })).text;
  reader = (await createKey(ctx, { name: 'board', scopes: ['articles:read'] })).text;
});
afterAll(async () => {
  await ctx.close();
  await web.close();
});
beforeEach(async () => {
  await ctx.db.deleteFrom('articles').execute();
  await ctx.db.deleteFrom('sources').execute();
});

interface Answered {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  body: any;
}

async function ask(method: string, path: string, body?: unknown, key = writer): Promise<Answered> {
  const response = await app.request(path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

describe('/v1/articles', () => {
  it('O6 O7 takes a push in once, and shows it as it shows any other', async () => {
    const first = await ask('POST', '/v1/articles', fixtures.push);
    expect(first).toMatchObject({
      status: 201,
      body: {
        outcome: 'new',
        url: fixtures.story.canonicalUrl,
        author: 'Rina Sari, John Doe',
        section: 'politics',
      },
    });
    const again = await ask('POST', '/v1/articles', { ...fixtures.push, dek: 'A new dek' });
    expect(again).toMatchObject({
      status: 200,
      body: { outcome: 'updated', id: first.body.id, dek: 'A new dek' },
    });
    const shown = await ask('GET', `/v1/articles/${first.body.id}`, undefined, reader);
    const { outcome: _outcome, ...article } = again.body;
    expect(shown).toEqual({ status: 200, body: article });
    expect(article).toMatchObject({ body: fixtures.story.body, minutes: 1, edited_fields: [], revision: 2 });
  });

  it('O7 keeps what an editor wrote, and gives it back to the source', async () => {
    const { body: made } = await ask('POST', '/v1/articles', fixtures.push);
    const path = `/v1/articles/${made.id}`;
    const edited = await ask('PATCH', path, {
      title: 'Edited',
      dek: null,
      embargo_until: '2026-07-15T07:00:00-04:00',
      revision: 1,
    });
    expect(edited).toMatchObject({
      status: 200,
      body: { title: 'Edited', dek: null, embargo_until: '2026-07-15T11:00:00.000Z', revision: 2 },
    });
    expect(edited.body.edited_fields).toEqual(['title', 'dek', 'embargo_until']);
    await ask('POST', '/v1/articles', { ...fixtures.push, title: 'From the source' });
    expect((await ask('GET', path)).body.title).toBe('Edited');
    const reverted = await ask('PATCH', path, { revert: ['title', 'embargo_until'] });
    expect(reverted.body).toMatchObject({
      title: 'From the source',
      embargo_until: null,
      edited_fields: ['dek'],
    });
    expect(await ask('PATCH', path, { title: 'Late', revision: 1 })).toMatchObject({
      status: 409,
      body: { code: 'revision_changed' },
    });
  });

  it('withdraws and restores, and doing it twice is doing it once', async () => {
    const { body: made } = await ask('POST', '/v1/articles', fixtures.push);
    const path = `/v1/articles/${made.id}`;
    expect([(await ask('DELETE', path)).status, (await ask('DELETE', path)).status]).toEqual([204, 204]);
    expect((await ask('GET', path)).body.withdrawn_at).not.toBeNull();
    expect((await ask('PATCH', path, { withdrawn: false })).body.withdrawn_at).toBeNull();
  });

  it('lists in pages, the latest first', async () => {
    for (const n of [1, 2, 3])
      await ask('POST', '/v1/articles', { title: `T${n}`, lang: n === 3 ? 'id' : 'en' });
    const first = await ask('GET', '/v1/articles?limit=2', undefined, reader);
    expect(first.body.data.map((one: { title: string }) => one.title)).toEqual(['T3', 'T2']);
    const second = await ask('GET', `/v1/articles?limit=2&after=${first.body.next}`);
    expect(second.body).toMatchObject({ data: [{ title: 'T1' }], next: null });
    expect((await ask('GET', '/v1/articles?lang=id')).body.data).toHaveLength(1);
    expect((await ask('GET', '/v1/articles?source=src_9')).body.data).toEqual([]);
  });

  it.each([
    ['POST', '/v1/articles', { title: 'x', lang: 'English' }, 422, 'invalid_lang'],
    ['POST', '/v1/articles', { title: ' ', lang: 'en' }, 422, 'title_missing'],
    ['POST', '/v1/articles', { title: 'x', lang: 'en', published_at: 'soon' }, 422, 'invalid_date'],
    [
      'POST',
      '/v1/articles',
      { title: 'x', lang: 'en', embargo_until: '2026-07-14T07:00' },
      422,
      'invalid_date',
    ],
    ['POST', '/v1/articles', { title: 'x', lang: 'en', url: 'ftp://x.org' }, 422, 'invalid_url'],
    ['POST', '/v1/articles', { title: 'x', lang: 'en', story: 'art_999' }, 422, 'unknown_story'],
    ['POST', '/v1/articles', { title: 'x', lang: 'en', colour: 'red' }, 422, 'invalid'],
    ['POST', '/v1/articles', { lang: 'en' }, 422, 'invalid'],
    ['POST', '/v1/articles', '{"title":', 400, 'malformed_json'],
    ['POST', '/v1/articles/import', { url: 'http://169.254.169.254/' }, 422, 'source_unreachable'],
    ['GET', '/v1/articles/art_999', undefined, 404, 'no_such_article'],
    ['PATCH', '/v1/articles/art_999', {}, 404, 'no_such_article'],
    ['DELETE', '/v1/articles/nonsense', undefined, 404, 'no_such_article'],
  ])('answers %s %s %j with %i %s', async (method, path, body, status, code) => {
    const answered = await ask(method, path, body);
    expect(answered).toMatchObject({ status, body: { code, detail: expect.any(String) } });
    expect(await ctx.db.selectFrom('articles').select('id').execute()).toEqual([]);
  });

  it('imports a page by its address', async () => {
    web.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(fixtures.page);
    });
    const imported = await ask('POST', '/v1/articles/import', { url: `${web.url}/politics/senate-votes` });
    expect(imported).toMatchObject({ status: 201, body: { outcome: 'new', title: fixtures.story.title } });
  });
});

describe('/v1/sources', () => {
  const serve = (body: string) =>
    web.answer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/xml' }).end(body);
    });

  it('adds, shows, polls, changes and removes a source', async () => {
    serve(fixtures.rss);
    const added = await ask('POST', '/v1/sources', {
      url: `${web.url}/feed`,
      mapping: { Senate: 'congress' },
    });
    expect(added).toMatchObject({ status: 201, body: { kind: 'feed', lang: 'en', state: 'new' } });
    const path = `/v1/sources/${added.body.id}`;
    expect(await ask('POST', '/v1/sources', { url: `${web.url}/feed` })).toMatchObject({
      status: 409,
      body: { code: 'source_exists', detail: `This address is a source already: ${added.body.id}.` },
    });
    expect(await ask('POST', `${path}/poll`)).toMatchObject({
      status: 200,
      body: { outcome: 'polled', new: 1, source: { state: 'ok' } },
    });
    expect((await ask('GET', '/v1/articles')).body.data).toMatchObject([
      { source: added.body.id, section: 'congress' },
    ]);
    expect((await ask('PATCH', path, { weight: 5, section: 'world' })).body).toMatchObject({
      weight: 5,
      section: 'world',
    });
    serve('Sorry');
    expect((await ask('POST', `${path}/poll`)).body).toMatchObject({
      outcome: 'failed',
      reason: 'not a feed: it is neither RSS, Atom nor JSON Feed',
      source: { state: 'failing', failures: 1 },
    });
    expect((await ask('GET', '/v1/sources', undefined, reader)).body.data).toHaveLength(1);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('GET', path)).status).toBe(404);
    expect((await ask('GET', '/v1/articles')).body.data).toHaveLength(1);
  });

  it('previews without storing, for a reader too', async () => {
    serve(fixtures.atom);
    const previewed = await ask('POST', '/v1/sources/preview', { url: `${web.url}/feed` }, reader);
    expect(previewed.body.items).toMatchObject([
      { usable: true, title: fixtures.story.title, paragraphs: 3 },
    ]);
    expect((await ask('GET', '/v1/sources')).body.data).toEqual([]);
  });

  it('refuses what is no feed, and whoever may not write', async () => {
    serve('Sorry');
    expect(await ask('POST', '/v1/sources', { url: web.url })).toMatchObject({
      status: 422,
      body: { code: 'not_a_feed' },
    });
    for (const [method, path, body] of [
      ['POST', '/v1/sources', { url: web.url }],
      ['DELETE', '/v1/sources/src_1', undefined],
      ['POST', '/v1/articles', fixtures.push],
      ['POST', '/v1/articles/import', { url: web.url }],
    ] as const) {
      expect(await ask(method, path, body, reader)).toMatchObject({
        status: 403,
        body: { code: 'scope_missing' },
      });
    }
    expect(await ask('GET', '/v1/sources', undefined, 'dl_live_nonsense')).toMatchObject({ status: 401 });
  });
});

it('the document describes every path of the chapter', () => {
  const { paths = {} } = openApiDocument(articlesApi(ctx), {
    version: '1',
    baseUrl: 'https://news.example.org',
  });
  const described = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item ?? {}).map((verb) => `${verb} ${path}`),
  );
  expect(described.sort()).toEqual([
    'delete /v1/articles/{id}',
    'delete /v1/sources/{id}',
    'get /v1/articles',
    'get /v1/articles/{id}',
    'get /v1/sources',
    'get /v1/sources/{id}',
    'patch /v1/articles/{id}',
    'patch /v1/sources/{id}',
    'post /v1/articles',
    'post /v1/articles/import',
    'post /v1/sources',
    'post /v1/sources/preview',
    'post /v1/sources/{id}/poll',
  ]);
});
