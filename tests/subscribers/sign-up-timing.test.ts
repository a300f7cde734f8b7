import { describe, expect, it } from 'vitest';
import { pause } from '../../src/subscribers/pause.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { unequalTimes } from '../support/equal-times.ts';
import { openWashingtonPages } from '../support/inside-washington.ts';
import { askToJoin, subscribe } from '../support/sign-ups.ts';
import { fromElsewhere } from '../support/web.ts';

const rounds = 200;
const hourMs = 60 * 60_000;

const { web, washington } = await openWashingtonPages();

it('R13 takes the same time for every state of an address, in 200 requests of each', async () => {
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
  const states = addresses.map(([state]) => state);
  expect(unequalTimes(took, states)).toEqual([]);
}, 360_000);

const nine = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

/** Times as a machine gives them that is busy with other things now and then: the same for all kinds of a round, and each its own. */
function noisy(random: () => number, own: (at: number) => number): number[][] {
  return Array.from({ length: rounds }, (_, round) => {
    const busyMs = round % 40 < 10 ? 80 * random() : 0;
    return nine.map((_, at) => {
      const hiccupMs = random() < 0.05 ? 150 * random() : 0;
      return 8 + busyMs + hiccupMs + (4 + busyMs / 2) * random() + own(at);
    });
  });
}

describe('R13 is measured so that it', () => {
  it('is quiet where nothing differs, whatever else the machine does', () => {
    for (let run = 1; run <= 200; run += 1) {
      expect(
        unequalTimes(
          noisy(seeded(run), () => 0),
          nine,
        ),
      ).toEqual([]);
    }
  });

  it.each([
    ['takes 5 ms longer', () => 5],
    ['takes 5 ms less', () => -5],
    ['takes 40 ms longer in every sixth request', (random: () => number) => (random() < 1 / 6 ? 40 : 0)],
  ] as const)('sees a state that %s, among the same noise', (_, more) => {
    for (let run = 1; run <= 50; run += 1) {
      const random = seeded(1_000 + run);
      const found = unequalTimes(
        noisy(random, (at) => (at === 3 ? more(random) : 0)),
        nine,
      );
      expect(found.map((words) => words[0])).toContain('d');
      expect(found.filter((words) => !words.startsWith('d'))).toEqual([]);
    }
  });
});

/** The same numbers in each run (mulberry32), so that chance decides nothing here. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

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
