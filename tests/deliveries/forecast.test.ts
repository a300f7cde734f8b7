import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { deliveriesApi } from '../../src/deliveries/api.ts';
import { deliveriesCommands } from '../../src/deliveries/commands.ts';
import { forecast } from '../../src/deliveries/forecast.ts';
import { shareOut } from '../../src/deliveries/share-out.ts';
import { namedEdition } from '../../src/editions/find.ts';
import { morning, testContext } from '../support/context.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { asWorker } from '../support/sending.ts';
import { runCommand } from '../support/shell.ts';

const ctx = await asWorker(
  await testContext({
    env: { SMTP_URL: 'smtp://relay.example?rate=100/s', BASE_URL: 'https://news.example.org' },
  }),
);
afterAll(() => ctx.close());
let editionId = 0;

beforeAll(async () => {
  const at = new Date(morning.getTime() - 24 * 3_600_000);
  const newsletterId = await seedNewsletter(ctx.db, { at });
  for (const [domain, count] of [
    ['gmail.com', 600],
    ['hotmail.fr', 200],
    ['big.example', 150],
    ['small.example', 10],
    ['mine.example', 40],
  ] as const) {
    await seedReaders(ctx.db, { newsletterId, count, at, domain });
  }
  await ctx.db.insertInto('mail_domains').values({ domain: 'mine.example', lane: 'gmail' }).execute();
  editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
});

beforeEach(async () => {
  await ctx.db.deleteFrom('lanes').execute();
});

const edition = () => namedEdition(ctx.db, `ed_${editionId}`);
const limit = (lane: string, values: Record<string, unknown>) =>
  ctx.db
    .insertInto('lanes')
    .values({ lane, changed_at: morning, ...values })
    .execute();
const secondsOf = (at: Date | undefined) => at && (at.getTime() - morning.getTime()) / 1000;

describe('a forecast', () => {
  it('tells the audience by lane: well-known domains, those whose MX is known, large ones, and the rest', async () => {
    const seen = await forecast(ctx, await edition());
    expect(seen.recipients).toBe(1000);
    expect(seen.lanes.map(({ lane, readers }) => [lane, readers])).toEqual([
      ['gmail', 640],
      ['outlook', 200],
      ['big.example', 150],
      ['other', 10],
    ]);
  });

  it('is through when the relays’ rate lets it, and says that they are the bottleneck', async () => {
    const seen = await forecast(ctx, await edition());
    expect(secondsOf(seen.throughAt)).toBeCloseTo(10, 3);
    expect(seen.bottleneck).toBe('the relays take 100.0/s by their rates');
    expect(secondsOf(seen.lanes.find(({ lane }) => lane === 'other')?.throughAt)).toBeCloseTo(0.4, 3);
  });

  it('names the lane that is through last, and what holds it: a rate, a wait, an operator', async () => {
    await limit('outlook', { rate_per_second: 2, state: 'slow', reason: 'an operator slowed it' });
    const slow = await forecast(ctx, await edition());
    expect(secondsOf(slow.throughAt)).toBeCloseTo(100, 3);
    expect(slow.bottleneck).toBe('outlook is limited to 2/s (an operator slowed it)');
    expect(secondsOf(slow.lanes[0]?.throughAt)).toBeLessThan(9);
    await limit('big.example', { back_off_until: new Date(morning.getTime() + 600_000) });
    const waits = await forecast(ctx, await edition());
    expect(secondsOf(waits.throughAt)).toBeCloseTo(601.5, 3);
    expect(waits.bottleneck).toBe('big.example waits until 2026-07-14T10:10:00.000Z');
    await limit('gmail', { state: 'paused', reason: 'paused by desk' });
    const paused = await forecast(ctx, await edition());
    expect(paused).toMatchObject({ throughAt: undefined, bottleneck: 'gmail is paused (paused by desk)' });
  });

  it('takes a measured speed into account, and the connections that a lane is left with', async () => {
    const own = await forecast(ctx, await edition(), { measuredPerSecond: 50 });
    expect(secondsOf(own.throughAt)).toBeCloseTo(20, 3);
    expect(own.bottleneck).toBe('our own speed: 50.0/s as measured');
    await limit('gmail', { connections: 4, probe: 1 });
    const probing = await forecast(ctx, await edition(), { measuredPerSecond: 50 });
    expect(probing.bottleneck).toBe('gmail has one connection');
    expect(secondsOf(probing.throughAt)).toBeCloseTo(640 / 5, 3);
  });

  it('is asked for by command and by API, and refused once the edition is on its way', async () => {
    const line = ['send', 'forecast', '2026-07-14'];
    const ran = await runCommand(ctx, deliveriesCommands, line);
    expect(ran.lines).toContain('What holds it up: the relays take 100.0/s by their rates.');
    expect(ran.lines).toMatch(/^gmail +640 +2026-07-14T10:00:/m);
    const key = (await createKey(ctx, { name: 'screen', scopes: ['sends:read'] })).text;
    const answer = await deliveriesApi(ctx).request(`/v1/editions/ed_${editionId}/forecast`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual(ran.document);
    await ctx.db.updateTable('editions').set({ state: 'sent' }).where('id', '=', editionId).execute();
    expect(await runCommand(ctx, deliveriesCommands, line)).toMatchObject({ exit: 3 });
    await ctx.db.updateTable('editions').set({ state: 'ready' }).where('id', '=', editionId).execute();
  });
});

describe('sharing a speed among lanes', () => {
  const lane = (mails: number, perSecondMax = Infinity, startsInSeconds = 0) => ({
    mails,
    perSecondMax,
    startsInSeconds,
  });

  it('gives each an even share, and what one leaves to the others', () => {
    expect(shareOut([lane(10), lane(30)], 10)).toEqual([2, 4]);
    expect(shareOut([lane(10, 1), lane(90)], 10)).toEqual([10, 10]);
    expect(shareOut([lane(10), lane(10, Infinity, 100)], 10)).toEqual([1, 101]);
    expect(shareOut([lane(0), lane(5, 0)], 10)).toEqual([0, undefined]);
  });

  it('cannot say when nothing limits it', () => {
    expect(shareOut([lane(10), lane(10, 5)], Infinity)).toEqual([undefined, 2]);
    expect(shareOut([], 10)).toEqual([]);
  });
});
