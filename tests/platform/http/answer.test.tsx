import { createServer } from 'node:net';
import { serve } from '@hono/node-server';
import { createRoute, z } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/lib/errors.ts';
import { answerFaults } from '../../../src/platform/http/answer.ts';
import { type GuardEnv, guard, limitBodies, tokenPage } from '../../../src/platform/http/guard.ts';
import { Page } from '../../../src/platform/http/layout.tsx';
import { json, openApi, problems } from '../../../src/platform/http/openapi.ts';
import type { Problem } from '../../../src/platform/http/problem.ts';

const lines: Record<string, unknown>[] = [];
const log = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) });

function site() {
  const app = openApi();
  app.use(guard({ log, trustedProxies: ['127.0.0.1/32'], https: true }));
  app.use(limitBodies({ '/v1/large': 3_000_000 }));
  answerFaults(app as unknown as Hono<GuardEnv>, {
    log,
    drawFault: (_c, fault) => (
      <Page lang="en" dir="ltr" words={{ skip: 'Skip', languages: 'Language' }} title={fault.code} noindex>
        <h1>{fault.detail}</h1>
      </Page>
    ),
  });
  app.use('/confirm/*', tokenPage);
  app.get('/confirm/:token', (c) => c.text(`for ${c.get('clientAddress')}`));
  app.get('/refused', () => {
    throw new Refusal(409, 'wrong_state', 'It is <b>already</b> sent.', 'state');
  });
  app.get('/broken', () => {
    throw new Error('could not greet rina@example.com', { cause: new Error('secret inside') });
  });
  app.get('/v1/broken', () => {
    throw new Error('secret inside');
  });
  app.get('/gone-database', async (c) => {
    const client = new pg.Client({ host: '127.0.0.1', port: closedPort, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
    } catch (cause) {
      throw new Error('could not read the list', { cause });
    }
    return c.text('');
  });
  app.get('/busy', (c) => {
    c.header('Retry-After', '480');
    throw new Refusal(429, 'busy', 'Later.');
  });
  app.post('/form', async (c) => c.json(await c.req.parseBody()));
  app.post('/v1/large', async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));
  const schema = z.strictObject({ name: z.string().min(1), days: z.array(z.int()).min(1) });
  app.openapi(
    createRoute({
      method: 'post',
      path: '/v1/things',
      request: { body: json(schema, 'A thing') },
      responses: { 200: json(schema, 'The thing'), ...problems(400, 422) },
    }),
    (c) => c.json(c.req.valid('json'), 200),
  );
  return app;
}

let closedPort = 0;
let base = '';
let server: ReturnType<typeof serve>;

beforeAll(async () => {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  closedPort = (probe.address() as { port: number }).port;
  await new Promise((resolve) => probe.close(resolve));
  base = await new Promise((resolve) => {
    server = serve({ fetch: site().fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    );
  });
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

const post = (path: string, body: RequestInit['body'], type = 'application/json') =>
  fetch(base + path, {
    method: 'POST',
    body: body ?? null,
    headers: { 'Content-Type': type },
    duplex: 'half',
  } as RequestInit);

describe('a fault', () => {
  it('is problem+json for a program and a page for a person', async () => {
    const program = await fetch(`${base}/refused`, { headers: { Accept: 'application/json' } });
    expect(program.status).toBe(409);
    expect(program.headers.get('content-type')).toContain('application/problem+json');
    expect(await program.json()).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      code: 'wrong_state',
      detail: 'It is <b>already</b> sent.',
      field: 'state',
    });
    const person = await fetch(`${base}/refused`, { headers: { Accept: 'text/html,*/*' } });
    expect(person.status).toBe(409);
    const html = await person.text();
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('It is &lt;b&gt;already&lt;/b&gt; sent.');
  });

  it('is an unknown path too, under the API always as problem+json', async () => {
    const page = await fetch(`${base}/nothing/here`);
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    const api = await fetch(`${base}/v1/nothing`, { headers: { Accept: 'text/html' } });
    expect([api.status, ((await api.json()) as Problem).code]).toEqual([404, 'not_found']);
  });

  it('of ours is 500, logged once with the id that the caller sees, and leaks nothing', async () => {
    const before = lines.length;
    const answered = await fetch(`${base}/broken`);
    expect(answered.status).toBe(500);
    expect(await answered.text()).not.toMatch(/secret|rina|greet|answer\.test/);
    const faults = lines.slice(before).filter((line) => line.deed === 'answer');
    expect(faults).toHaveLength(1);
    expect(faults[0]?.requestId).toBe(answered.headers.get('dateline-request-id'));
    expect(JSON.stringify(faults[0])).not.toContain('rina@example.com');
    expect(JSON.stringify(faults[0])).toContain('secret inside');
    const api = await fetch(`${base}/v1/broken`);
    expect(await api.text()).not.toContain('secret');
  });

  it('of a database that is down is 503 with Retry-After', async () => {
    const answered = await fetch(`${base}/gone-database`, { headers: { Accept: 'application/json' } });
    expect([answered.status, answered.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await answered.text()).not.toContain(String(closedPort));
  });

  it('of a limit keeps the time that the limit named', async () => {
    expect((await fetch(`${base}/busy`)).headers.get('retry-after')).toBe('480');
  });
});

describe('bad input', () => {
  it('that is no JSON is 400', async () => {
    const answered = await post('/v1/things', '{"name": ');
    expect([answered.status, ((await answered.json()) as Problem).code]).toEqual([400, 'malformed_json']);
  });

  it('of the wrong shape is 422 and names every field', async () => {
    const answered = await post('/v1/things', JSON.stringify({ name: '', days: [1.5], more: 1 }));
    const problem = (await answered.json()) as Problem;
    expect([answered.status, problem.code, problem.field]).toEqual([422, 'invalid', 'name']);
    expect(problem.errors?.map((one) => one.field)).toEqual(['name', 'days.0', '']);
    const none = await post('/v1/things', null);
    expect([400, 422]).toContain(none.status);
  });

  it('over the limit is 413, also when it comes without a length', async () => {
    const big = 'x='.padEnd(70_000, 'y');
    const form = 'application/x-www-form-urlencoded';
    expect((await post('/form', big, form)).status).toBe(413);
    expect((await post('/form', big.slice(0, 1000), form)).status).toBe(200);
    const chunks = () =>
      new ReadableStream({
        start(controller) {
          for (let n = 0; n < 7; n += 1) controller.enqueue(new TextEncoder().encode('x'.repeat(10_000)));
          controller.close();
        },
      });
    expect((await post('/form', chunks(), form)).status).toBe(413);
    expect((await post('/v1/things', 'x'.repeat(1_100_000))).status).toBe(413);
    expect((await post('/v1/large', 'x'.repeat(2_900_000))).status).toBe(200);
    expect((await post('/v1/large', 'x'.repeat(3_100_000))).status).toBe(413);
  });
});

describe('the guard', () => {
  it('gives every answer its headers, and a token page its own', async () => {
    const { headers } = await fetch(`${base}/refused`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).not.toContain('script');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toContain('max-age');
    expect(headers.get('dateline-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('R44 keeps token pages out of caches, referrers, search engines and logs', async () => {
    const before = lines.length;
    const answered = await fetch(`${base}/confirm/s3cr3t-token?t=sealed`);
    expect(answered.headers.get('cache-control')).toBe('no-store');
    expect(answered.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answered.headers.get('x-robots-tag')).toBe('noindex');
    const [line] = lines.slice(before);
    expect(line).toMatchObject({ deed: 'request', method: 'GET', route: '/confirm/…', status: 200 });
    expect(JSON.stringify(line)).not.toMatch(/s3cr3t|sealed|127\.0\.0\.1/);
  });

  it('knows the client behind a proxy that it trusts', async () => {
    const text = async (forwarded?: string) =>
      (
        await fetch(`${base}/confirm/x`, { headers: forwarded ? { 'X-Forwarded-For': forwarded } : {} })
      ).text();
    expect(await text()).toBe('for 127.0.0.1');
    expect(await text('198.51.100.1, 203.0.113.9')).toBe('for 203.0.113.9');
  });
});
