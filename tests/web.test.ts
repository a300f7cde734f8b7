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
