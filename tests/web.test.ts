import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNewsroom } from './support/newsroom.ts';
import { type Program, runProgram } from './support/program.ts';
import { look } from './support/reader.ts';

describe('the front door', () => {
  let program: Program;
  beforeAll(async () => {
    program = await runProgram();
  });
  afterAll(() => program.stop());

  it('tells a newcomer what to say first, and leads readers to the sign-up page once there is one', async () => {
    const fresh = await look(program.url, { headers: { 'Accept-Language': 'id' } });
    expect(fresh.status).toBe(200);
    expect(fresh.text).toContain('Dateline sudah berjalan');
    expect(fresh.text).toContain('dateline newsletter create inside-washington');
    await openNewsroom(program.ctx);
    expect(new URL((await look(program.url)).url).pathname).toBe('/s');
    const inTheirs = await look(`${program.url}/?lang=id`);
    expect([new URL(inTheirs.url).search, inTheirs.headers.get('content-language')]).toEqual([
      '?lang=id',
      'id',
    ]);
  });

  it('says whether it lives and whether it could serve', async () => {
    const [alive, ready] = await Promise.all([
      fetch(`${program.url}/healthz`),
      fetch(`${program.url}/readyz`),
    ]);
    expect(await alive.json()).toMatchObject({ status: 'ok' });
    expect(await ready.json()).toEqual({ ready: true, database: 'ok', queue: 'ok', schema: 'current' });
    await program.database.pool.query("delete from kysely_migration where name = '0001-first'");
    const old = await fetch(`${program.url}/readyz`);
    expect([old.status, ((await old.json()) as { schema: string }).schema]).toEqual([503, 'old']);
  });

  it('says which methods a page takes, and of a page that there is not that it is not there', async () => {
    const asked = async (method: string, path: string) => {
      const answer = await fetch(program.url + path, { method, headers: { Accept: 'application/json' } });
      return [answer.status, answer.headers.get('Allow')];
    };
    expect(await asked('PUT', '/s')).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
    expect(await asked('DELETE', '/confirm/abc')).toEqual([405, 'GET, HEAD, POST']);
    expect(await asked('POST', '/v1/editions/ed_1')).toEqual([405, 'GET, HEAD, PATCH']);
    expect(await asked('POST', '/v1/nothing')).toEqual([404, null]);
    expect((await asked('PUT', '/nothing/here/at/all'))[0]).toBe(404);
  });

  it('opens a page whose address got a slash at its end, and tells in both languages that there is none', async () => {
    for (const path of ['/s/', '/m/', '/sitemap.xml/']) {
      expect((await fetch(program.url + path)).status, path).toBe(200);
    }
    const missing = await look(`${program.url}//elsewhere.example/x`);
    expect([missing.status, missing.headers.get('Content-Language')]).toEqual([404, 'en']);
    expect(missing.text).toContain('Bahasa Indonesia');
    const html = await (await fetch(`${program.url}//elsewhere.example/x`)).text();
    expect(html).toContain('href="?lang=id"');
    expect(html).not.toContain('elsewhere');
    const indonesian = await (await fetch(`${program.url}/x/y?lang=id`)).text();
    expect(indonesian).toContain('Tidak ada halaman di sini');
    expect(indonesian).toContain('<a href="/s?lang=id">Buletin</a>');
  });

  it('shows where the links of a test lead, and acts on nothing there', async () => {
    const page = await look(`${program.url}/u/test`);
    expect(page.text).toContain('This was a test');
    expect((await fetch(`${program.url}/u/test`, { method: 'POST' })).status).toBe(200);
  });

  it('documents every endpoint, readable without any network', async () => {
    const document = (await (await fetch(`${program.url}/v1/openapi.json`)).json()) as {
      openapi: string;
      paths: object;
    };
    expect(document.openapi).toMatch(/^3\.1/);
    const paths = Object.keys(document.paths);
    for (const noun of ['newsletters', 'sources', 'articles', 'editions', 'sends', 'subscribers']) {
      expect(paths.some((path) => path.startsWith(`/v1/${noun}`))).toBe(true);
    }
    const docs = await (await fetch(`${program.url}/docs`)).text();
    expect(docs).toContain('/v1/editions/{id}/send');
    expect(docs.match(/(?:src|href)="https?:\/\/(?!127\.0\.0\.1)[^"]*"/g) ?? []).toEqual([]);
    expect(docs).not.toContain('<script');
  });
});
