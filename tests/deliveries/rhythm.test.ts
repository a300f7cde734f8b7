import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receive } from '../../src/articles/receive.ts';
import { progress } from '../../src/deliveries/progress.ts';
import { paceWords } from '../../src/deliveries/progress-words.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { ringDueWeeklies } from '../../src/editions/ring-due-weeklies.ts';
import { addDays } from '../../src/lib/clock-time.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { noteStories, planLetter } from '../../src/platform/mail/letters.ts';
import { addSubscriber } from '../../src/subscribers/add.ts';
import { changeRhythm } from '../../src/subscribers/change-rhythm.ts';
import { changeTimeZone } from '../../src/subscribers/change-time-zone.ts';
import { pause } from '../../src/subscribers/pause.ts';
import type { Rhythm } from '../../src/subscribers/subscriber.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { editionsTo, goOut } from '../support/days.ts';
import { openNewsroom } from '../support/newsroom.ts';
import { assertClosedBooks, asWorker, deliverFree } from '../support/sending.ts';

const zone = 'America/New_York';
let ctx: TestContext & { workerId: number };
let newsletter: Newsletter;

beforeEach(async () => {
  ctx = await asWorker(await testContext());
  ctx.clock.setLocal('2026-07-13', '05:00', zone);
  newsletter = await openNewsroom(ctx, {
    calendar: { days: [1, 2, 3, 4, 5, 6, 7], time: '07:00' },
    recipe: { stories_min: 2, lead_needs_image: false },
  });
});
afterEach(() => ctx.close());

describe('each reader in their own rhythm', () => {
  it('R35 sends one weekly best-of on Friday at 07.00 in Jakarta, and nothing else that week', async () => {
    await join('each@example.org');
    const weekly = await join(
      'weekly@example.org',
      { frequency: 'weekly', weeklyDay: 5, hour: 7 },
      'Asia/Jakarta',
    );
    for (const date of ['2026-07-13', '2026-07-14', '2026-07-15', '2026-07-16']) await day(date);
    expect(await editionsTo(ctx, 'weekly@example.org')).toEqual([]);

    // Friday 07.00 in Jakarta is Thursday evening in New York.
    const friday = new Date('2026-07-17T00:00:00Z');
    ctx.clock.set(new Date(friday.getTime() - 61 * 60_000));
    expect(await ringDueWeeklies(ctx)).toBe(0);
    ctx.clock.set(new Date(friday.getTime() - 59 * 60_000));
    expect(await ringDueWeeklies(ctx)).toBe(1);
    ctx.clock.set(friday);
    const sent = await goOut(ctx, newsletter, '2026-07-17', 'weekly');
    expect((await goOut(ctx, newsletter, '2026-07-17', 'weekly')).kind).toBe('left');
    const [mail, ...more] = await editionsTo(ctx, 'weekly@example.org');
    expect(more).toEqual([]);
    expect(mail?.headers.get('date')).toEqual(friday);
    expect(mail?.text).toContain('Hello. Here is the best of the week.');
    expect(mail?.text).toContain('Lead of 2026-07-13');
    expect(mail?.text).toContain('Lead of 2026-07-16');
    await assertClosedBooks(ctx, sent.editionId);

    for (const date of ['2026-07-17', '2026-07-18', '2026-07-19']) await day(date);
    expect(await editionsTo(ctx, 'weekly@example.org')).toHaveLength(1);
    expect(await editionsTo(ctx, 'each@example.org')).toHaveLength(7);
    const rows = await ctx.db
      .selectFrom('deliveries')
      .select('due_at')
      .where('subscriber_id', '=', weekly)
      .execute();
    expect(rows).toEqual([{ due_at: friday }]);

    // The next week tells nothing twice.
    for (const date of ['2026-07-20', '2026-07-21']) await day(date);
    ctx.clock.set(new Date('2026-07-24T00:00:00Z'));
    await goOut(ctx, newsletter, '2026-07-24', 'weekly');
    const second = (await editionsTo(ctx, 'weekly@example.org'))[1];
    expect(second?.text).toContain('Lead of 2026-07-17');
    expect(second?.text).not.toContain('2026-07-16');
  });

  it('R35 sends the weekly of a night in which the clocks change once, gap or overlap', async () => {
    for (const [date, due] of [
      ['2026-03-08', '2026-03-08T11:00:00Z'],
      ['2026-11-01', '2026-11-01T12:00:00Z'],
    ] as const) {
      ctx.clock.setLocal(addDays(date, -1), '05:00', zone);
      const email = `sunday.${date}@example.org`;
      await join(email, { frequency: 'weekly', weeklyDay: 7, hour: 7 }, zone);
      await day(addDays(date, -1));
      ctx.clock.set(new Date(new Date(due).getTime() - 30 * 60_000));
      await goOut(ctx, newsletter, date, 'weekly');
      for (let hour = 0; hour < 4; hour += 1) {
        ctx.clock.set(new Date(new Date(due).getTime() + hour * 3_600_000));
        await goOut(ctx, newsletter, date, 'weekly');
      }
      const mails = await editionsTo(ctx, email);
      expect(mails.map((mail) => mail.headers.get('date'))).toEqual([new Date(due)]);
    }
  });

  it('lets one send wait for the last zone: everyone at their hour, and a lost bell delays nobody', async () => {
    await join('now@example.org');
    await join('west@example.org', { frequency: 'each', hour: 8 }, 'America/Los_Angeles');
    const { editionId } = await day('2026-07-13');
    expect(await editionsTo(ctx, 'now@example.org')).toHaveLength(1);
    expect(await editionsTo(ctx, 'west@example.org')).toHaveLength(0);
    expect(await stateOf(editionId)).toBe('sending');
    const seen = await progress(ctx, editionId);
    expect(seen.lastHourAt).toEqual(new Date('2026-07-13T15:00:00Z'));
    expect(paceWords(seen, ctx.clock.now())).toContain('readers’ own hours go on for 4 h');
    ctx.clock.set(new Date('2026-07-13T14:59:00Z'));
    await rescueDeliveries(ctx);
    await deliverFree(ctx, editionId);
    expect(await editionsTo(ctx, 'west@example.org')).toHaveLength(0);
    ctx.clock.set(new Date('2026-07-13T15:00:00Z'));
    await deliverFree(ctx, editionId);
    const [mail] = await editionsTo(ctx, 'west@example.org');
    expect(mail?.text).toContain('Good morning.');
    expect(await stateOf(editionId)).toBe('sent');
    await assertClosedBooks(ctx, editionId);
  });

  it('greets by the hour that it is for the reader', async () => {
    await join('evening@example.org', { frequency: 'each' }, 'Asia/Jakarta');
    await day('2026-07-13');
    const [mail] = await editionsTo(ctx, 'evening@example.org');
    expect(mail?.text).toContain('Good evening.');
    expect(mail?.text).not.toContain('Good morning.');
  });

  it('R36 sends nothing in a pause of 7 days, and says "You’re back" once, with what was missed', async () => {
    const paused = await join('paused@example.org');
    await join('steady@example.org');
    await day('2026-07-13');
    ctx.clock.setLocal('2026-07-13', '09:00', zone);
    const until = new Date(ctx.clock.now().getTime() + 7 * 86_400_000);
    await pause(ctx, { subscriberId: paused, newsletterId: newsletter.id, until, actor: 'reader' });
    for (let n = 1; n <= 7; n += 1) await day(addDays('2026-07-13', n));
    expect(await editionsTo(ctx, 'paused@example.org')).toHaveLength(1);
    await day('2026-07-21');
    const back = (await editionsTo(ctx, 'paused@example.org'))[1];
    expect(back?.text).toContain('You’re back. Here is what matters today.');
    expect(back?.html).toContain('You’re back.');
    expect(back?.text).toContain('In case you missed it');
    expect(back?.text).toContain('Lead of 2026-07-20');
    expect(back?.text).not.toContain('2026-07-13');
    const steady = (await editionsTo(ctx, 'steady@example.org')).at(-1);
    expect(steady?.text).not.toContain('You’re back');
    expect(steady?.text).not.toContain('In case you missed it');
    await day('2026-07-22');
    const next = (await editionsTo(ctx, 'paused@example.org'))[2];
    expect(next?.text).not.toContain('You’re back');
    expect(next?.text).not.toContain('In case you missed it');
  });

  it('says it too to who ends the pause before its time', async () => {
    const paused = await join('early@example.org');
    await day('2026-07-13');
    const which = { subscriberId: paused, newsletterId: newsletter.id, actor: 'reader' };
    await pause(ctx, { ...which, until: new Date(ctx.clock.now().getTime() + 20 * 86_400_000) });
    await day('2026-07-14');
    await pause(ctx, { ...which, until: undefined });
    expect(await pause(ctx, { ...which, until: undefined })).toBe(false);
    await day('2026-07-15');
    const mail = (await editionsTo(ctx, 'early@example.org'))[1];
    expect(mail?.text).toContain('You’re back.');
    expect(mail?.text).toContain('Lead of 2026-07-14');
  });
});

describe('nobody gets a story twice, and late joiners get what they were not sent', () => {
  it('brings a new reader the best of the last days once', async () => {
    await join('old@example.org');
    await day('2026-07-13');
    await day('2026-07-14');
    ctx.clock.setLocal('2026-07-15', '06:00', zone);
    await join('new@example.org');
    await day('2026-07-15');
    await day('2026-07-16');
    const [first, second] = await editionsTo(ctx, 'new@example.org');
    expect(first?.text).toContain('Lead of 2026-07-14');
    expect(first?.text).toContain('Lead of 2026-07-13');
    expect(first?.text).not.toContain('You’re back');
    expect(second?.text).not.toContain('In case you missed it');
  });

  it('does not repeat what the welcome told', async () => {
    await join('old@example.org');
    await day('2026-07-13');
    ctx.clock.setLocal('2026-07-14', '06:00', zone);
    const subscriberId = await join('welcomed@example.org');
    const told = await ctx.db
      .selectFrom('articles')
      .select('story_id')
      .where('title', '=', 'Lead of 2026-07-13')
      .executeTakeFirstOrThrow();
    const { id } = await ctx.db
      .selectFrom('subscriptions')
      .select('id')
      .where('subscriber_id', '=', subscriberId)
      .executeTakeFirstOrThrow();
    const { id: letterId } = await planLetter(ctx.db, {
      kind: 'welcome',
      about: id,
      fingerprint: Buffer.from('x'),
      at: ctx.clock.now(),
    });
    await noteStories(ctx.db, letterId, [told.story_id]);
    await day('2026-07-14');
    const [first] = await editionsTo(ctx, 'welcomed@example.org');
    expect(first?.text).toContain('The court on 2026-07-13');
    expect(first?.text).not.toContain('Lead of 2026-07-13');
  });

  it('leaves out of the weekly what was sent day by day, and sends nobody an empty one', async () => {
    const half = await join('half@example.org');
    const all = await join('all@example.org');
    await join('whole@example.org', { frequency: 'weekly', weeklyDay: 5, hour: 12 }, zone);
    await day('2026-07-13');
    await day('2026-07-14');
    ctx.clock.setLocal('2026-07-14', '09:00', zone);
    await rhythm(half, { frequency: 'weekly', weeklyDay: 5, hour: 12 });
    await day('2026-07-15');
    ctx.clock.setLocal('2026-07-15', '09:00', zone);
    await rhythm(all, { frequency: 'weekly', weeklyDay: 5, hour: 12 });
    ctx.clock.setLocal('2026-07-17', '12:00', zone);
    const { editionId } = await goOut(ctx, newsletter, '2026-07-17', 'weekly');
    const whole = (await editionsTo(ctx, 'whole@example.org')).at(-1);
    for (const date of ['2026-07-13', '2026-07-14', '2026-07-15'])
      expect(whole?.text).toContain(`Lead of ${date}`);
    const mail = (await editionsTo(ctx, 'half@example.org')).at(-1);
    expect(mail?.text).toContain('Lead of 2026-07-15');
    expect(mail?.text).not.toContain('2026-07-14');
    expect(mail?.html).not.toContain('2026-07-13');
    expect(mail?.subject).toContain('2026-07-15');
    expect(await editionsTo(ctx, 'all@example.org')).toHaveLength(3);
    await assertClosedBooks(ctx, editionId);
  });

  it('gives readers of weekdays the weekend on Monday', async () => {
    await join('weekdays@example.org', { frequency: 'weekdays' });
    await join('each@example.org');
    ctx.clock.setLocal('2026-07-01', '05:00', zone);
    await ctx.db.updateTable('subscriptions').set({ catch_up_since: null }).execute();
    for (const date of ['2026-07-17', '2026-07-18', '2026-07-19', '2026-07-20', '2026-07-21'])
      await day(date);
    const mails = await editionsTo(ctx, 'weekdays@example.org');
    expect(mails.map((mail) => mail.text.includes('In case you missed it'))).toEqual([false, true, false]);
    expect(mails[1]?.text).toContain('Lead of 2026-07-18');
    expect(mails[1]?.text).not.toContain('Lead of 2026-07-17');
    for (const mail of await editionsTo(ctx, 'each@example.org')) {
      expect(mail.text).not.toContain('In case you missed it');
    }
  });
});

/** A day's news, and its edition at 07.00. */
async function day(date: string) {
  ctx.clock.setLocal(date, '06:30', zone);
  const stories = ['Lead of', 'The court on', 'The world on'];
  for (const [index, title] of stories.entries()) {
    await receive(ctx, {
      title: `${title} ${date}`,
      lang: 'en',
      canonicalUrl: `https://www.example.org/${date}/${index}`,
      dek: 'What it means, in one sentence.',
      section: index === 2 ? 'world' : 'politics',
      priority: index === 0 ? 1 : 0,
      publishedAt: ctx.clock.now(),
    });
  }
  ctx.clock.setLocal(date, '07:00', zone);
  return goOut(ctx, newsletter, date);
}

async function join(email: string, wanted?: Rhythm, timeZone?: string): Promise<number> {
  const added = await addSubscriber(ctx, {
    email,
    language: 'en',
    newsletter,
    confirm: 'already',
    evidence: 'They asked for it in the test.',
    actor: 'test',
  });
  if (!('subscriberId' in added)) throw new Error('not added');
  const { subscriberId } = added;
  if (timeZone) await changeTimeZone(ctx, { subscriberId, timeZone, actor: 'reader' });
  if (wanted) await rhythm(subscriberId, wanted);
  return subscriberId;
}

async function rhythm(subscriberId: number, wanted: Rhythm): Promise<void> {
  await changeRhythm(ctx, { subscriberId, newsletterId: newsletter.id, rhythm: wanted, actor: 'reader' });
}

async function stateOf(editionId: number) {
  const row = await ctx.db
    .selectFrom('editions')
    .select('state')
    .where('id', '=', editionId)
    .executeTakeFirst();
  return row?.state;
}
