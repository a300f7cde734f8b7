import { afterAll, expect, it } from 'vitest';
import { countWithin } from '../../src/platform/db/limits.ts';
import { answersRung, ringAnswer } from '../../src/subscribers/ring-answer.ts';
import { insertSignUp } from '../../src/subscribers/sign-up-queries.ts';
import { inSurge } from '../../src/subscribers/surge.ts';
import { testContext } from '../support/context.ts';
import { seedInsideWashington } from '../support/sign-ups.ts';

const ctx = await testContext();
afterAll(() => ctx.close());
const { id: newsletterId } = await seedInsideWashington(ctx);

const asking = (email: string) => ({
  asks: 'subscribe' as const,
  email,
  emailKey: email,
  newsletterIds: [newsletterId],
  marketing: false,
  wordingIds: [1, 2],
  lang: 'en',
  form: 'article-box',
  pageUrl: `https://www.example.org/"quoted"/${email}`,
  ipNet: undefined,
  agentFamily: undefined,
  signal: undefined,
  at: ctx.clock.now(),
});

it('tells each of a hundred at once its own row, and the one that cannot be written takes no other with it', async () => {
  const emails = Array.from({ length: 100 }, (_, n) =>
    n === 41 ? 'nul\u0000@example.com' : `r${n}@example.com`,
  );
  const written = await Promise.allSettled(emails.map((email) => insertSignUp(ctx.db, asking(email))));

  expect(written.flatMap(({ status }, n) => (status === 'rejected' ? n : []))).toEqual([41]);
  const rows = await ctx.db.selectFrom('sign_ups').selectAll().execute();
  expect(rows).toHaveLength(99);
  const emailOf = new Map(rows.map(({ id, email }) => [id, email]));
  for (const [n, outcome] of written.entries()) {
    if (outcome.status === 'fulfilled') expect(emailOf.get(outcome.value)).toBe(emails[n]);
  }
  expect(rows.find(({ email }) => email === 'r7@example.com')).toMatchObject({
    newsletter_ids: [newsletterId],
    wording_ids: [1, 2],
    page_url: 'https://www.example.org/"quoted"/r7@example.com',
    ip_net: null,
    state: 'received',
  });
});

it('rings once for what comes within a moment, and for all of it', async () => {
  const rung: number[][] = [];
  const queues = {
    ...ctx.queues,
    ring: async (_: string, payload: object) =>
      void rung.push((payload as { signUpIds: number[] }).signUpIds),
  };
  const door = { ...ctx, queues: queues as typeof ctx.queues };
  const first = ringAnswer(door, 1);
  await first;
  for (let id = 2; id <= 150; id += 1) void ringAnswer(door, id);
  await answersRung(door);
  expect(rung.map((ids) => ids.length)).toEqual([1, 100, 49]);
  expect(rung.flat()).toEqual(Array.from({ length: 150 }, (_, n) => n + 1));
});

it('a bell that does not ring fails nobody', async () => {
  const ring = async () => {
    throw new Error('away');
  };
  const door = { ...ctx, queues: { ...ctx.queues, ring } as typeof ctx.queues };
  await expect(ringAnswer(door, 1)).resolves.toBeUndefined();
  await answersRung(door);
});

it('counts every sign-up of a surge, though it asks the ledger five times a second', async () => {
  const hourMs = 3_600_000;
  for (let n = 0; n < 300; n += 1) await inSurge(ctx.db, [newsletterId], ctx.clock.now(), { count: true });
  ctx.clock.advance(1_000);
  expect(await inSurge(ctx.db, [newsletterId], ctx.clock.now(), { count: false })).toBe(false);
  expect(await countWithin(ctx.db, `surge:${newsletterId}`, hourMs, ctx.clock.now(), 0)).toBe(300);
  const all = Array.from({ length: 701 }, () =>
    inSurge(ctx.db, [newsletterId], ctx.clock.now(), { count: true }),
  );
  expect((await Promise.all(all)).includes(true)).toBe(true);
});
