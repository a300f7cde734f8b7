import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { pause } from '../../src/subscribers/pause.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { askToJoin, seedInsideWashington, subscribe } from '../support/sign-ups.ts';
import { fromElsewhere, openTestWeb, type Web } from '../support/web.ts';

const rounds = 200;
const hourMs = 60 * 60_000;

let web: Web;
let washington: Newsletter;

beforeAll(async () => {
  web = await openTestWeb();
  washington = await seedInsideWashington(web.ctx);
});
afterAll(() => web.close());

it('R13 takes the same time for every state of an address: over 200 requests each, p95 differs by at most 25 ms', async () => {
  const addresses = Object.entries(await addressOfEachState());
  const took: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    // So many at once would be a surge, which is another answer.
    if (round % 50 === 0) web.ctx.clock.advance(2 * hourMs);
    const times: number[] = [];
    // In another order each time, so that no state always follows the same one.
    for (const at of shuffled(addresses.map((_, index) => index))) {
      const [state = '', email = ''] = addresses[at] ?? [];
      times[at] = await post(state, state === 'new' ? `new${round}@example.com` : email);
    }
    took.push(times);
  }
  const p95 = percentiles(took);
  const differMs = spread(p95);
  // On a machine that is busy with other things, as much as chance alone makes of the same times.
  const allowedMs = Math.max(25, byChance(took));
  const said = addresses.map(([state], at) => `${state} ${p95[at]?.toFixed(1)}`).join(', ');
  expect(differMs, `${said}; allowed ${allowedMs.toFixed(1)}`).toBeLessThanOrEqual(allowedMs);
}, 360_000);

it('R13 would see a state that takes longer, also among noise', () => {
  const took = Array.from({ length: rounds }, () => Array.from({ length: 9 }, () => 20 + Math.random() * 60));
  expect(spread(percentiles(took))).toBeLessThanOrEqual(Math.max(25, byChance(took)));
  const slower = took.map((times) => times.map((ms, at) => (at === 3 ? ms + 40 : ms)));
  expect(spread(percentiles(slower))).toBeGreaterThan(Math.max(25, byChance(slower)));
});

async function post(state: string, email: string): Promise<number> {
  const fields: Record<string, string> = { email, lang: 'en' };
  if (state === 'honeypot') fields.website = 'https://spam.example';
  const startedAt = performance.now();
  const answer = await fetch(`${web.url}/s/inside-washington`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: fromElsewhere(),
    redirect: 'manual',
  });
  await answer.arrayBuffer();
  const tookMs = performance.now() - startedAt;
  expect(answer.status).toBe(303);
  return tookMs;
}

/** The p95 of each state, over all rounds. */
function percentiles(took: readonly number[][]): number[] {
  return (took[0] ?? []).map((_, at) => {
    const sorted = took.map((times) => times[at] ?? 0).sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
  });
}

function spread(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}

/** How far the p95s lie apart in 99 of 100 cases when the states of each round are exchanged at random. */
function byChance(took: readonly number[][]): number {
  const spreads = Array.from({ length: 300 }, () => spread(percentiles(took.map(shuffled))));
  return spreads.sort((a, b) => a - b)[296] ?? 0;
}

function shuffled<T>(list: readonly T[]): T[] {
  const drawn = list.map((one) => ({ one, by: Math.random() }));
  return drawn.sort((a, b) => a.by - b.by).map(({ one }) => one);
}

async function addressOfEachState(): Promise<Record<string, string>> {
  const { ctx } = web;
  const at = ctx.clock.now();
  await askToJoin(ctx, 'pending@example.com');
  await subscribe(ctx, 'subscribed@example.com');
  const paused = await subscribe(ctx, 'paused@example.com');
  const until = new Date(at.getTime() + 180 * 24 * hourMs);
  await pause(ctx, {
    subscriberId: paused.subscriberId,
    newsletterId: washington.id,
    until,
    actor: 'reader',
  });
  const left = await subscribe(ctx, 'left@example.com');
  await unsubscribe(ctx, {
    subscriberId: left.subscriberId,
    newsletterId: 'all',
    method: 'page',
    actor: 'reader',
  });
  await suppress(ctx.db, ctx.keyring, { emailKey: 'hard@example.com', reason: 'hard', source: 'test', at });
  await suppress(ctx.db, ctx.keyring, {
    emailKey: 'spam@example.com',
    reason: 'complaint',
    source: 'test',
    at,
  });
  for (let n = 0; n < 4; n += 1) await askToJoin(ctx, 'limited@example.com');
  return {
    new: 'new@example.com',
    pending: 'pending@example.com',
    subscribed: 'subscribed@example.com',
    paused: 'paused@example.com',
    unsubscribed: 'left@example.com',
    bounced: 'hard@example.com',
    complained: 'spam@example.com',
    honeypot: 'honeypot@example.com',
    limited: 'limited@example.com',
  };
}
