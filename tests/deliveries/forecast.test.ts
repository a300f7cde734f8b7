import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey } from '../../src/access/create-key.ts';
import { deliveriesApi } from '../../src/deliveries/api.ts';
import { deliveriesCommands } from '../../src/deliveries/commands.ts';
import { forecast } from '../../src/deliveries/forecast.ts';
import { forecastSchema } from '../../src/deliveries/outside-forecast.ts';
import { ReaderGroups } from '../../src/deliveries/reader-groups.ts';
import { shareOut, steady } from '../../src/deliveries/share-out.ts';
import { namedEdition } from '../../src/editions/find.ts';
import { getNewsletter } from '../../src/newsletters/find.ts';
import { parseRelayUrls } from '../../src/platform/mail/relay.ts';
import { overdraw } from '../../src/platform/rate/overdraw.ts';
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

  it('knows what has gone out by the relays already, and what a day leaves', async () => {
    const daily = {
      ...ctx,
      config: { ...ctx.config, relays: parseRelayUrls('smtp://daily.example?rate=1500/d') },
    };
    const fits = await forecast(daily, await edition(), { measuredPerSecond: 50 });
    expect(secondsOf(fits.throughAt)).toBeCloseTo(20, 3);
    expect(fits).toMatchObject({
      relaysPerSecond: undefined,
      bottleneck: 'our own speed: 50.0/s as measured',
    });
    const hourAgo = new Date(morning.getTime() - 3_600_000);
    await overdraw(ctx.db, 'relay:daily.example:25', [{ count: 1500, per: 'day' }], 1000, hourAgo);
    const waits = await forecast(daily, await edition(), { measuredPerSecond: 50 });
    // The thousand leave the day, and the quarter of an hour that they fell into.
    expect(secondsOf(waits.throughAt)).toBeCloseTo(23 * 3_600 + 900 + 10, 3);
    expect(waits.bottleneck).toBe('the relays take 43.0 an hour by their rates');
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

describe('readers with hours of their own', () => {
  afterEach(async () => {
    await ctx.db.updateTable('subscriptions').set({ hour: null }).execute();
    await ctx.db.updateTable('subscribers').set({ time_zone: null }).execute();
  });

  /** So many readers of a domain, or all of them, at their hour. */
  const want = (domain: string, more: { count?: number; hour: number; zone: string | null }) =>
    sql`
      with chosen as (
        select id from subscribers where email_key like ${`%@${domain}`} order by id limit ${more.count ?? null}
      ), moved as (update subscribers set time_zone = ${more.zone} where id in (select id from chosen))
      update subscriptions set hour = ${more.hour} where subscriber_id in (select id from chosen)`.execute(
      ctx.db,
    );
  const hoursOn = (hours: number) => hours * 3_600;

  it('are waited for, each lane for its own, and named where they decide', async () => {
    await want('gmail.com', { count: 200, hour: 21, zone: 'Asia/Jakarta' });
    await want('hotmail.fr', { count: 1, hour: 8, zone: null });
    const seen = await forecast(ctx, await edition());
    expect(seen.recipients).toBe(1000);
    expect(seen.bottleneck).toBe('readers’ own hours: the last is 21.00 Asia/Jakarta');
    expect(seen.lastReaders).toMatchObject({ readers: 200, dueAt: new Date('2026-07-14T14:00:00Z') });
    expect(secondsOf(seen.throughAt), 'their mails take two seconds more').toBeCloseTo(hoursOn(4) + 2, 3);
    const lanes = Object.fromEntries(seen.lanes.map((one) => [one.lane, one]));
    expect(lanes.gmail?.readers).toBe(640);
    expect(secondsOf(lanes.outlook?.throughAt)).toBeCloseTo(hoursOn(2) + 0.01, 3);
    expect(lanes.outlook?.heldBy).toBe('readers’ own hours: the last is 08.00 America/New_York');
    expect(lanes.other).toMatchObject({
      lastReaders: undefined,
      heldBy: 'the relays take 100.0/s by their rates',
    });
  });

  it('are due where the fan-out says so', async () => {
    await want('gmail.com', { count: 30, hour: 21, zone: 'Asia/Jakarta' });
    await want('small.example', { hour: 22, zone: 'Europe/Berlin' });
    // Long past on their clock, so at once.
    await want('big.example', { hour: 7, zone: 'Asia/Jakarta' });
    const { lastReaders } = await forecast(ctx, await edition());
    const newsletter = await getNewsletter(ctx.db, (await edition()).newsletterId);
    const groups = new ReaderGroups(ctx.db, { edition: await edition(), newsletter, readyAt: morning });
    await groups.learn({
      hours: [
        { zone: 'Asia/Jakarta', hour: 21 },
        { zone: 'Europe/Berlin', hour: 22 },
        { zone: 'Asia/Jakarta', hour: 7 },
      ],
      groups: [],
    });
    const last = groups.hours.map((one) => one.dueAt).sort((a, b) => b.getTime() - a.getTime())[0];
    expect(lastReaders).toEqual({ readers: 10, dueAt: last, hour: '22.00 Europe/Berlin' });
  });

  it('decide nothing while a limit lasts longer, or when their hour has passed', async () => {
    await want('gmail.com', { hour: 21, zone: 'Asia/Jakarta', count: 10 });
    await limit('gmail', { rate_per_second: 0.02, state: 'slow', reason: 'an operator slowed it' });
    const slow = await forecast(ctx, await edition());
    expect(slow.bottleneck).toBe('gmail is limited to 0.02/s (an operator slowed it)');
    expect(secondsOf(slow.throughAt)).toBeCloseTo(640 / 0.02, 1);
    await ctx.db.deleteFrom('lanes').execute();
    await want('gmail.com', { hour: 5, zone: null });
    const past = await forecast(ctx, await edition());
    expect(past).toMatchObject({
      lastReaders: undefined,
      bottleneck: 'the relays take 100.0/s by their rates',
    });
  });

  it('of a weekly edition are the newsletter’s for who chose none', async () => {
    await ctx.db.updateTable('subscriptions').set({ frequency: 'weekly', weekly_day: 2 }).execute();
    const seen = await forecast(ctx, { ...(await edition()), kind: 'weekly' });
    await ctx.db.updateTable('subscriptions').set({ frequency: 'each', weekly_day: null }).execute();
    expect(seen.recipients).toBe(1000);
    expect(seen.bottleneck).toBe('readers’ own hours: the last is 07.00 America/New_York');
    expect(secondsOf(seen.throughAt)).toBeCloseTo(hoursOn(1) + 10, 3);
  });

  it('are told by command and by API', async () => {
    await want('gmail.com', { hour: 21, zone: 'Asia/Jakarta', count: 1 });
    const ran = await runCommand(ctx, deliveriesCommands, ['send', 'forecast', '2026-07-14']);
    expect(ran.lines).toContain(
      'The last readers’ own hour is 21.00 Asia/Jakarta, which is 2026-07-14T14:00:00.000Z.',
    );
    expect(ran.document).toMatchObject({
      last_hour: '21.00 Asia/Jakarta',
      last_hour_at: '2026-07-14T14:00:00.000Z',
    });
    expect(forecastSchema.parse(ran.document)).toEqual(ran.document);
  });
});

describe('sharing a speed among lanes', () => {
  const lane = (mails: number, perSecondMax = Infinity, startsInSeconds = 0) => ({
    mails,
    later: [] as { mails: number; inSeconds: number }[],
    perSecondMax,
    startsInSeconds,
  });

  it('waits for those who are due later, and gives their share to the others meanwhile', () => {
    const later = (...waves: [mails: number, inSeconds: number][]) =>
      waves.map(([mails, inSeconds]) => ({ mails, inSeconds }));
    expect(shareOut([{ ...lane(10), later: later([10, 100]) }, lane(30)], steady(10))).toEqual([101, 4]);
    expect(shareOut([{ ...lane(0), later: later([10, 1], [10, 2]) }], steady(10))).toEqual([3]);
    expect(shareOut([{ ...lane(10), later: later([10, 1]) }], steady(10)), 'just when it is through').toEqual(
      [2],
    );
    expect(shareOut([{ ...lane(1, 0), later: later([1, 5]) }, lane(10)], steady(10))).toEqual([undefined, 1]);
    expect(shareOut([{ ...lane(0, Infinity, 50), later: later([10, 5]) }], steady(10))).toEqual([51]);
  });

  it('gives each an even share, and what one leaves to the others', () => {
    expect(shareOut([lane(10), lane(30)], steady(10))).toEqual([2, 4]);
    expect(shareOut([lane(10, 1), lane(90)], steady(10))).toEqual([10, 10]);
    expect(shareOut([lane(10), lane(10, Infinity, 100)], steady(10))).toEqual([1, 101]);
    expect(shareOut([lane(0), lane(5, 0)], steady(10))).toEqual([0, undefined]);
  });

  it('cannot say when nothing limits it', () => {
    expect(shareOut([lane(10), lane(10, 5)], steady(Infinity))).toEqual([undefined, 2]);
    expect(shareOut([], steady(10))).toEqual([]);
  });
});
