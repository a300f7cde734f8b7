import { Hono } from 'hono';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { grants, isTestKey, mintKey, opens, prefixOf } from '../../src/access/key.ts';
import { type KeyEnv, requireKey } from '../../src/access/require-key.ts';
import { revokeKey } from '../../src/access/revoke-key.ts';
import { Refusal } from '../../src/lib/errors.ts';
import { answerFaults } from '../../src/platform/http/answer.ts';
import type { Problem } from '../../src/platform/http/problem.ts';
import { morning, testContext } from '../support/context.ts';

const ctx = await testContext();
afterAll(() => ctx.close());
beforeEach(() => ctx.clock.set(morning));

const app = new Hono<KeyEnv>();
answerFaults(app, { log: ctx.log, drawFault: () => '' as never });
app.get('/v1/editions', requireKey(ctx, 'editions:read'), (c) => c.json({ by: c.get('key').name }));
app.post('/v1/editions', requireKey(ctx, 'editions:write'), (c) => c.json({ by: c.get('key').name }));

async function ask(authorization: string | undefined, method = 'GET') {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  const answered = await app.request('/v1/editions', { method, headers });
  return { status: answered.status, headers: answered.headers, body: (await answered.json()) as Problem };
}

describe('an API key', () => {
  it('O33 is shown once and stored as a hash', async () => {
    const { key, text } = await createKey(ctx, { name: 'CMS', scopes: ['editions:read'] });
    expect(text).toMatch(/^dl_live_[a-z0-9]{8}_[\w-]{43}$/);
    expect(text.startsWith(`${key.prefix}_`)).toBe(true);
    const rows = await ctx.db.selectFrom('api_keys').selectAll().execute();
    const dump = JSON.stringify(rows) + ctx.logged();
    expect(dump).toContain(key.prefix);
    expect(dump).not.toContain(text.slice(key.prefix.length + 1));
  });

  it('opens what its scopes allow, and nothing else', async () => {
    const { text } = await createKey(ctx, { name: 'CMS', scopes: ['editions:read'] });
    expect(await ask(`Bearer ${text}`)).toMatchObject({ status: 200, body: { by: 'CMS' } });
    expect(await ask(`bearer ${text}`)).toMatchObject({ status: 200 });
    expect(await ask(`Bearer ${text}`, 'POST')).toMatchObject({
      status: 403,
      body: { code: 'scope_missing' },
    });
  });

  it('is refused when missing, malformed, unknown or with one letter wrong', async () => {
    const { text, key } = await createKey(ctx, { name: 'CMS', scopes: ['*'] });
    const none = await ask(undefined);
    expect(none).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    const flipped = text.slice(0, -2) + (text.at(-2) === 'A' ? 'B' : 'A') + text.at(-1);
    const wrong = [
      flipped,
      `${key.prefix}_`,
      text.slice(0, -1),
      `${text}x`,
      mintKey('live').text,
      "' or 1=1",
    ];
    for (const one of wrong) {
      expect(await ask(`Bearer ${one}`)).toMatchObject({ status: 401 });
    }
    expect(await ask(`Basic ${text}`)).toMatchObject({ status: 401 });
  });

  it('ends when its time has come and when it is revoked, and a revoked one stays so', async () => {
    const expiresAt = new Date(morning.getTime() + 3_600_000);
    const { text, key } = await createKey(ctx, { name: 'CMS', scopes: ['editions:*'], expiresAt });
    ctx.clock.advance(3_599_000);
    expect((await ask(`Bearer ${text}`)).status).toBe(200);
    ctx.clock.advance(1_000);
    expect(await ask(`Bearer ${text}`)).toMatchObject({ status: 401, body: { code: 'key_expired' } });
    ctx.clock.set(morning);
    const first = await revokeKey(ctx, `key_${key.id}`);
    ctx.clock.advance(60_000);
    const second = await revokeKey(ctx, key.prefix);
    expect(second.revokedAt).toEqual(first.revokedAt);
    expect(await ask(`Bearer ${text}`)).toMatchObject({ status: 401, body: { code: 'key_revoked' } });
    await expect(revokeKey(ctx, 'key_999999')).rejects.toMatchObject({ status: 404 });
  });

  it('notes its last use at most once a minute', async () => {
    const { text, key } = await createKey(ctx, { name: 'CMS', scopes: ['editions:read'] });
    const used = async () =>
      (
        await ctx.db
          .selectFrom('api_keys')
          .select('last_used_at')
          .where('id', '=', key.id)
          .executeTakeFirstOrThrow()
      ).last_used_at;
    await ask(`Bearer ${text}`);
    expect(await used()).toEqual(morning);
    ctx.clock.advance(59_000);
    await ask(`Bearer ${text}`);
    expect(await used()).toEqual(morning);
    ctx.clock.advance(2_000);
    await ask(`Bearer ${text}`);
    expect(await used()).toEqual(new Date(morning.getTime() + 61_000));
  });

  it('is refused at birth without a name, with no or unknown scopes, or with an end in the past', async () => {
    const make = (more: object) => createKey(ctx, { name: 'CMS', scopes: ['*'], ...more });
    for (const [field, more] of [
      ['name', { name: ' ' }],
      ['scopes', { scopes: [] }],
      ['scopes', { scopes: ['editions:send'] }],
      ['expires', { expiresAt: morning }],
    ] as const) {
      const refused = await make(more).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Refusal);
      expect(refused).toMatchObject({ status: 422, field });
    }
  });

  it('says whether it is for tests', async () => {
    const { key, text } = await createKey(ctx, { name: 'Trial', scopes: ['*'], mode: 'test' });
    expect(text).toMatch(/^dl_test_/);
    expect([isTestKey(key), isTestKey({ ...key, mode: 'live' }), isTestKey(undefined)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('scopes', () => {
  it('let write include read, and nothing of another area', () => {
    expect(grants(['editions:write'], 'editions:read')).toBe(true);
    expect(grants(['editions:read'], 'editions:write')).toBe(false);
    expect(grants(['editions:*'], 'editions:write')).toBe(true);
    expect(grants(['*'], 'subscribers:write')).toBe(true);
    expect(grants(['editions:*', 'sends:write'], 'subscribers:read')).toBe(false);
    expect(grants([], 'editions:read')).toBe(false);
  });
});

describe('the text of a key', () => {
  it('is looked up by its prefix and opened only by the whole', () => {
    const { text, prefix, hash } = mintKey('live');
    expect(prefixOf(text)).toBe(prefix);
    expect(opens(text, hash)).toBe(true);
    expect(opens(mintKey('live').text, hash)).toBe(false);
    expect(opens(text, undefined)).toBe(false);
    expect(prefixOf('dl_live_short_x')).toBeUndefined();
  });
});
