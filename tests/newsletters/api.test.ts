import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import type { KeyEnv } from '../../src/access/require-key.ts';
import { newslettersApi } from '../../src/newsletters/api.ts';
import { answerFaults } from '../../src/platform/http/answer.ts';
import { DocsPage } from '../../src/platform/http/docs.tsx';
import { openApiDocument } from '../../src/platform/http/openapi.ts';
import { testContext } from '../support/context.ts';
import { openNewsroom } from '../support/newsroom.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

const api = newslettersApi(ctx);
const app = new Hono<KeyEnv>();
answerFaults(app, { log: ctx.log, drawFault: () => '' as never });
app.route('/', api);

let token = '';

beforeAll(async () => {
  await openNewsroom(ctx);
  token = (await createKey(ctx, { name: 'desk', scopes: ['newsletters:*'] })).text;
});

interface Answered {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  body: any;
}

async function ask(
  method: string,
  path: string,
  options: { body?: unknown; headers?: Record<string, string>; as?: string } = {},
): Promise<Answered> {
  const answered = await app.request(path, {
    method,
    headers: {
      Authorization: `Bearer ${options.as ?? token}`,
      ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  return { status: answered.status, headers: answered.headers, body: await answered.json() };
}

const brief = {
  slug: 'the-brief',
  name: 'The Brief',
  promise: { en: 'The day in five minutes.' },
  languages: ['en'],
  calendar: { days: [1, 2, 3, 4, 5], time: '18:00' },
};

describe('/v1/newsletters', () => {
  it('creates one, once', async () => {
    const created = await ask('POST', '/v1/newsletters', { body: brief });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(
      `https://news.example.org/v1/newsletters/${created.body.id}`,
    );
    expect(created.body).toMatchObject({
      slug: 'the-brief',
      from_name: 'The Brief',
      from_email: 'news@example.org',
      postal_address: null,
      recipe: { stories_min: 4 },
      revision: 1,
    });
    expect(await ask('POST', '/v1/newsletters', { body: brief })).toMatchObject({
      status: 409,
      body: { code: 'slug_taken', field: 'slug' },
    });
    const read = await ask('GET', `/v1/newsletters/${created.body.id}`);
    expect(read.body).toEqual(created.body);
    expect((await ask('GET', '/v1/newsletters/the-brief')).body).toEqual(created.body);
    expect(read.headers.get('etag')).toBe('"1"');
  });

  it('names what is wrong', async () => {
    const wrong = await ask('POST', '/v1/newsletters', { body: { ...brief, slug: 'docs' } });
    expect(wrong).toMatchObject({ status: 422, body: { code: 'reserved_slug', field: 'slug' } });
    const several = await ask('POST', '/v1/newsletters', {
      body: { ...brief, slug: 'x-news', calendar: { days: [9], time: '7' }, colour: 1 },
    });
    expect(several).toMatchObject({ status: 422, body: { code: 'invalid', field: 'calendar.days.0' } });
    expect(several.body.errors).toHaveLength(3);
    expect((await ask('GET', '/v1/newsletters/no-such')).status).toBe(404);
    const nul = { ...brief, slug: 'x-news', privacy_url: 'https://www.example.org/\u0000' };
    expect(await ask('POST', '/v1/newsletters', { body: nul })).toMatchObject({
      status: 422,
      body: { code: 'invalid_text' },
    });
  });

  it('lists them a page at a time', async () => {
    const first = await ask('GET', '/v1/newsletters?limit=1');
    expect(first.body.data.map((one: { slug: string }) => one.slug)).toEqual(['inside-washington']);
    const second = await ask('GET', `/v1/newsletters?limit=1&after=${first.body.next}`);
    expect(second.body).toMatchObject({ data: [{ slug: 'the-brief' }], next: null });
    expect((await ask('GET', '/v1/newsletters?limit=0')).status).toBe(422);
    expect((await ask('GET', '/v1/newsletters?after=x')).status).toBe(422);
  });

  it('changes what is named, over the revision that was read', async () => {
    const changed = await ask('PATCH', '/v1/newsletters/the-brief', {
      body: { calendar: { time: '19:00' }, thin_day: 'hold' },
      headers: { 'If-Match': '"1"' },
    });
    expect(changed).toMatchObject({
      status: 200,
      body: {
        calendar: { time: '19:00', days: [1, 2, 3, 4, 5] },
        thin_day: 'hold',
        name: 'The Brief',
        revision: 2,
      },
    });
    expect(changed.headers.get('etag')).toBe('"2"');
    const stale = await ask('PATCH', '/v1/newsletters/the-brief', {
      body: { name: 'X' },
      headers: { 'If-Match': '"1"' },
    });
    expect(stale).toMatchObject({ status: 409, body: { code: 'changed_meanwhile' } });
    expect((await ask('PATCH', '/v1/newsletters/the-brief', { body: {} })).body.revision).toBe(2);
    expect((await ask('PATCH', '/v1/newsletters/the-brief', { body: { colour: 1 } })).status).toBe(422);
  });

  it('gives back what it takes: a read newsletter can be written again', async () => {
    const { body } = await ask('GET', '/v1/newsletters/inside-washington');
    const { id, revision, created_at, sign_up_url, ...fields } = body;
    const again = await ask('PATCH', '/v1/newsletters/inside-washington', { body: fields });
    expect(again).toMatchObject({ status: 200, body: { id, revision, created_at, sign_up_url } });
  });

  it('reads and replaces the recipe with its sections', async () => {
    const { body } = await ask('GET', '/v1/newsletters/inside-washington/recipe');
    expect(body.sections.map((one: { key: string }) => one.key)).toEqual(['politics', 'world']);
    const put = await ask('PUT', '/v1/newsletters/inside-washington/recipe', {
      body: { ...body, briefs_max: 2, sections: [body.sections[1]] },
    });
    expect(put).toMatchObject({ status: 200, body: { briefs_max: 2, sections: [{ key: 'world' }] } });
  });

  it('prints the box', async () => {
    const box = await ask('GET', '/v1/newsletters/inside-washington/embed?lang=id');
    expect(box.body).toMatchObject({ lang: 'id', consent_v: '2026-07-14.id' });
    expect(box.body.html).toContain('https://news.example.org/s/inside-washington');
    expect(box.body.script).toContain('https://news.example.org/embed/v1.js');
    expect(box.body.iframe).toContain('https://news.example.org/embed/inside-washington?lang=id');
    const path = '/v1/newsletters/inside-washington/embed';
    const dark = await ask('GET', `${path}?heading_level=3&src=home-page&theme=dark`);
    expect(dark.body.html).toMatch(/<h3 .*name="src" value="home-page"/s);
    expect(dark.body.script).toContain('theme="dark"');
    expect(dark.body.iframe).toContain('theme=dark&amp;src=home-page');
    for (const wrong of ['heading_level=5', 'src=%22', 'theme=pink']) {
      expect((await ask('GET', `${path}?${wrong}`)).status).toBe(422);
    }
    expect(box.body.iframe).toContain(`height="${box.body.iframe_heights['320']}"`);
    expect((await ask('GET', '/v1/newsletters/the-brief/embed?lang=id')).status).toBe(422);
  });

  it('prints a box of several, and says what cannot stand in one', async () => {
    const path = '/v1/newsletters/inside-washington/embed?lang=';
    const box = await ask('GET', `${path}en&beside=the-brief&heading_level=3&src=home-page&theme=dark`);
    expect([box.status, Object.keys(box.body).sort()]).toEqual([200, ['html', 'lang', 'script']]);
    expect(box.body.html).toContain('action="https://news.example.org/s"');
    expect(box.body.html).toMatch(/<h3 .*value="inside-washington".*value="the-brief".*value="home-page"/s);
    expect(box.body.html).toMatch(/"consent_v" value="inside-washington:.*"consent_v" value="the-brief:/s);
    expect(box.body.script).toContain('newsletters="inside-washington,the-brief"');
    const { id } = (await ask('GET', '/v1/newsletters/the-brief')).body;
    expect((await ask('GET', `${path}en&beside=${id}`)).body.script).toContain(
      '"inside-washington,the-brief"',
    );

    const refused = async (query: string) => {
      const { status, body } = await ask('GET', path + query);
      return [status, body.code, body.field, body.detail];
    };
    const many = Array.from({ length: 20 }, (_, n) => `other-${n}`).join(',');
    for (const [query, code, field, detail] of [
      ['en&beside=no-such', 'no_such_newsletter', 'beside', 'There is no newsletter no-such to stand'],
      ['en&beside=', 'no_such_newsletter', 'beside', 'There is no newsletter'],
      ['en&beside=the-brief,the-brief', 'invalid', 'beside', 'name each newsletter once'],
      ['en&beside=inside-washington', 'invalid', 'beside', 'inside-washington is in the box already'],
      [`en&beside=${many}`, 'invalid', 'beside', 'at most 20 newsletters'],
      ['en&beside=the-brief&topics=world', 'invalid', 'topics', 'leave out either topics or beside'],
      ['id&beside=the-brief', 'invalid', 'lang', 'The Brief is not published in id, but in en'],
    ] as const) {
      expect(await refused(query), query).toEqual([422, code, field, expect.stringContaining(detail)]);
    }
    await ask('PATCH', '/v1/newsletters/the-brief', { body: { state: 'closed' } });
    expect((await refused('en&beside=the-brief')).at(-1)).toContain(
      'the-brief is closed and cannot be joined',
    );
    await ask('PATCH', '/v1/newsletters/the-brief', { body: { state: 'open' } });
    expect((await ask('GET', `${path}en&beside=the-brief`)).status).toBe(200);
  });

  it('shows a limited key its own newsletters only', async () => {
    const { body } = await ask('GET', '/v1/newsletters/the-brief');
    const own = Number(body.id.slice(3));
    const { text: limited } = await createKey(ctx, {
      name: 'brief',
      scopes: ['newsletters:*'],
      newsletterIds: [own],
    });
    const list = await ask('GET', '/v1/newsletters', { as: limited });
    expect(list.body.data.map((one: { slug: string }) => one.slug)).toEqual(['the-brief']);
    const unseen = await ask('GET', '/v1/newsletters/inside-washington', { as: limited });
    const unknown = await ask('GET', '/v1/newsletters/no-such', { as: limited });
    expect([unseen.status, unseen.body]).toEqual([404, unknown.body]);
    const beside = await ask('GET', '/v1/newsletters/the-brief/embed?beside=inside-washington', {
      as: limited,
    });
    expect(beside).toMatchObject({ status: 422, body: { code: 'no_such_newsletter', field: 'beside' } });
    const patch = await ask('PATCH', '/v1/newsletters/inside-washington', {
      as: limited,
      body: { name: 'Mine' },
    });
    expect(patch.status).toBe(404);
    expect(
      (await ask('POST', '/v1/newsletters', { as: limited, body: { ...brief, slug: 'more-news' } })).status,
    ).toBe(403);
    expect(
      (await ask('PUT', '/v1/publisher', { as: limited, body: (await ask('GET', '/v1/publisher')).body }))
        .status,
    ).toBe(403);
  });

  it('lets a reading key read and nothing more', async () => {
    const { text: reader } = await createKey(ctx, { name: 'reader', scopes: ['newsletters:read'] });
    expect((await ask('GET', '/v1/newsletters', { as: reader })).status).toBe(200);
    expect((await ask('PATCH', '/v1/newsletters/the-brief', { as: reader, body: {} })).status).toBe(403);
    const { text: stranger } = await createKey(ctx, { name: 'stranger', scopes: ['articles:*'] });
    expect((await ask('GET', '/v1/newsletters', { as: stranger })).status).toBe(403);
  });
});

describe('/v1/publisher', () => {
  it('is read and replaced', async () => {
    const { body } = await ask('GET', '/v1/publisher');
    expect(body).toMatchObject({ name: 'Example Media', time_zone: 'America/New_York' });
    const put = await ask('PUT', '/v1/publisher', { body: { ...body, postal_address: '2 New Street' } });
    expect(put).toMatchObject({ status: 200, body: { postal_address: '2 New Street' } });
    const wrong = await ask('PUT', '/v1/publisher', { body: { ...body, from_email: 'nobody' } });
    expect(wrong).toMatchObject({ status: 422, body: { field: 'from_email' } });
  });
});

describe('the documentation', () => {
  const document = openApiDocument(api, { version: '0.1.0', baseUrl: 'https://news.example.org' });

  it('is OpenAPI 3.1 and holds every route with its summary, its key and its answers', () => {
    expect(document.openapi).toBe('3.1.0');
    const routes = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { summary?: string; security?: unknown; responses: object }>).map(
        ([method, operation]) => ({ name: `${method} ${path}`, operation }),
      ),
    );
    expect(routes).toHaveLength(9);
    for (const { name, operation } of routes) {
      expect(operation.summary, name).toBeTruthy();
      expect(operation.security, name).toEqual([{ key: [] }]);
      expect(Object.keys(operation.responses), name).toEqual(expect.arrayContaining(['401', '403']));
    }
    expect(document.components?.securitySchemes).toHaveProperty('key');
    expect(JSON.stringify(document)).not.toContain('"$ref":"#/components/schemas/undefined');
  });

  it('documents a change without the defaults that would undo it', () => {
    const change = document.components?.schemas?.NewsletterChange;
    expect(JSON.stringify(change)).not.toContain('"default"');
    expect(change).not.toHaveProperty('required');
  });

  it('is drawn as a page that needs no script and no other host', async () => {
    const html = String(
      await DocsPage({
        document,
        frame: { lang: 'en', dir: 'ltr', words: { skip: 'Skip', languages: 'Language' } },
      }),
    );
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toMatch(/<script|src=|https?:\/\/(?!news\.example\.org|www\.example\.org)/);
    for (const path of Object.keys(document.paths ?? {})) expect(html).toContain(path);
    expect(html).toContain('calendar*:');
    expect(html).not.toContain('[object Object]');
    expect(html).not.toContain('undefined');
  });
});
