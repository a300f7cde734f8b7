import { Hono } from 'hono';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { pruneKeys } from '../../src/access/prune-keys.ts';
import { type KeyEnv, requireKey } from '../../src/access/require-key.ts';
import { Refusal } from '../../src/lib/errors.ts';
import { answerFaults } from '../../src/platform/http/answer.ts';
import type { Problem } from '../../src/platform/http/problem.ts';
import { morning, testContext } from '../support/context.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

const { text: secret } = await createKey(ctx, { name: 'CMS', scopes: ['*'] });
const { text: other } = await createKey(ctx, { name: 'Other', scopes: ['*'] });

let acted = 0;
let fails = 0;
let held: Promise<void> | undefined;

beforeEach(async () => {
  ctx.clock.set(morning);
  acted = 0;
  fails = 0;
  held = undefined;
  await ctx.db.deleteFrom('idempotency_keys').execute();
});

const app = new Hono<KeyEnv>();
answerFaults(app, { log: ctx.log, drawFault: () => '' as never });
app.post('/v1/acts', requireKey(ctx, 'editions:write'), async (c) => {
  const body = await c.req.json<{ refuse?: boolean }>();
  acted += 1;
  await held;
  if (fails > 0) {
    fails -= 1;
    throw new Error('the disk is full');
  }
  if (body.refuse) throw new Refusal(409, 'wrong_state', `Refused for the ${acted}. time.`);
  c.header('Location', `/v1/acts/${acted}`);
  return c.json({ zeta: acted, alpha: body }, 201);
});

async function post(once: string | undefined, body: object = { n: 1 }, key = secret) {
  const answered = await app.request('/v1/acts', {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      ...(once === undefined ? {} : { 'Idempotency-Key': once }),
    },
    body: JSON.stringify(body),
  });
  const text = await answered.text();
  return { status: answered.status, headers: answered.headers, text, problem: JSON.parse(text) as Problem };
}

describe('a POST with an Idempotency-Key', () => {
  it('acts once and answers the same, word for word', async () => {
    const first = await post('a');
    const second = await post('a');
    expect(acted).toBe(1);
    expect([second.status, second.text]).toEqual([201, first.text]);
    expect(second.headers.get('location')).toBe('/v1/acts/1');
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(first.headers.get('idempotency-replayed')).toBeNull();
  });

  it('without one acts each time, and keys of others are others', async () => {
    await post(undefined);
    await post(undefined);
    await post('a');
    await post('a', { n: 1 }, other);
    expect(acted).toBe(4);
  });

  it('repeats a refusal too', async () => {
    const first = await post('a', { refuse: true });
    const second = await post('a', { refuse: true });
    expect([second.status, second.text]).toEqual([409, first.text]);
    expect(acted).toBe(1);
  });

  it('used for another request is 422', async () => {
    await post('a', { n: 1 });
    expect(await post('a', { n: 2 })).toMatchObject({
      status: 422,
      problem: { code: 'idempotency_key_reused', field: 'Idempotency-Key' },
    });
    expect(acted).toBe(1);
  });

  it('while the first is under way is 409', async () => {
    let release = () => {};
    held = new Promise((resolve) => {
      release = resolve;
    });
    const first = post('a');
    await expect.poll(() => acted).toBe(1);
    expect(await post('a')).toMatchObject({ status: 409, problem: { code: 'in_progress' } });
    release();
    expect((await first).status).toBe(201);
    expect((await post('a')).status).toBe(201);
    expect(acted).toBe(1);
  });

  it('acts again after a fault of ours', async () => {
    fails = 1;
    expect((await post('a')).status).toBe(500);
    expect((await post('a')).status).toBe(201);
    expect(acted).toBe(2);
  });

  it('acts again when the first process died, but not for another request', async () => {
    await post('a');
    await ctx.db.updateTable('idempotency_keys').set({ status: null, body: null }).execute();
    ctx.clock.advance(4 * 60_000);
    expect((await post('a')).status).toBe(409);
    ctx.clock.advance(2 * 60_000);
    expect((await post('a', { n: 2 })).status).toBe(422);
    expect((await post('a')).status).toBe(201);
    expect(acted).toBe(2);
  });

  it('is forgotten after 24 hours, by itself and by pruning', async () => {
    await post('a');
    await post('b');
    ctx.clock.advance(24 * 3_600_000 - 1);
    await post('a');
    expect(await pruneKeys(ctx.db, ctx.clock.now())).toBe(0);
    expect(acted).toBe(2);
    ctx.clock.advance(2);
    await post('a', { n: 3 });
    expect(acted).toBe(3);
    expect(await pruneKeys(ctx.db, ctx.clock.now())).toBe(1);
  });

  it('must be a reasonable one', async () => {
    expect((await post('')).status).toBe(422);
    expect((await post('x'.repeat(201))).status).toBe(422);
    expect(acted).toBe(0);
  });
});
