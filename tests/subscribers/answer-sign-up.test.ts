import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNewsletter } from '../../src/newsletters/create.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { confirm } from '../../src/subscribers/confirm.ts';
import { pause } from '../../src/subscribers/pause.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { type TestContext, testContext } from '../support/context.ts';
import {
  askToJoin,
  confirmToken,
  eventsOf,
  mailsTo,
  postForm,
  seedInsideWashington,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

let ctx: TestContext;
let washington: Newsletter;

beforeEach(async () => {
  ctx = await testContext();
  washington = await seedInsideWashington(ctx);
});
afterEach(() => ctx.close());

describe('what follows a sign-up, for each state of the address', () => {
  it('R14 a new address gets one confirmation and is pending', async () => {
    const answer = await askToJoin(ctx, 'Rina@Example.com');
    await sendDueLetters(ctx);

    expect(answer).toMatchObject({ kind: 'planned', outcome: 'confirmation' });
    const mails = await mailsTo(ctx, 'Rina@example.com');
    expect(mails.map((mail) => mail.subject)).toEqual(['Finish signing up for Inside Washington']);
    const person = await ctx.db.selectFrom('subscribers').selectAll().executeTakeFirstOrThrow();
    expect(person).toMatchObject({
      email: 'Rina@example.com',
      email_key: 'rina@example.com',
      language: 'en',
    });
    expect((await subscriptionOf(ctx, person.id, washington.id))?.state).toBe('pending');
  });

  it('answers a sign-up once, however often its bell rings', async () => {
    const { signUpId } = await askToJoin(ctx, 'rina@example.com');

    expect(await answerSignUp(ctx, { signUpId })).toEqual({ kind: 'nothing' });
    await sendDueLetters(ctx);
    await sendDueLetters(ctx);
    expect(await mailsTo(ctx, 'rina@example.com')).toHaveLength(1);
    expect(await answerSignUp(ctx, { signUpId: 999 })).toEqual({ kind: 'nothing' });
  });

  it('keeps the address in the sign-up only until it is answered', async () => {
    const { signUpId } = await askToJoin(ctx, 'rina@example.com');
    const row = await ctx.db
      .selectFrom('sign_ups')
      .selectAll()
      .where('id', '=', signUpId)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'answered', email: null, email_key: null });
  });

  it('R14 a pending address gets another confirmation after ten minutes, and both links work', async () => {
    await askToJoin(ctx, 'rina@example.com');
    await sendDueLetters(ctx);
    const first = await confirmToken(ctx, 'rina@example.com');
    ctx.clock.advance(9 * minute);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ kind: 'silent', outcome: 'limited' });
    ctx.clock.advance(minute);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'confirmation' });
    await sendDueLetters(ctx);

    expect(await mailsTo(ctx, 'rina@example.com')).toHaveLength(2);
    const second = await confirmToken(ctx, 'rina@example.com');
    expect(second).not.toBe(first);
    expect(
      await confirm(ctx, { token: first, newsletterIds: [washington.id], marketing: false }),
    ).toMatchObject({ kind: 'confirmed' });
    expect(
      await confirm(ctx, { token: second, newsletterIds: [washington.id], marketing: false }),
    ).toMatchObject({ kind: 'confirmed' });
    expect((await eventsOf(ctx, 1)).filter((kind) => kind === 'confirmed')).toHaveLength(1);
  });

  it('R14 a subscribed address gets one "already on the list" in 24 hours', async () => {
    await subscribe(ctx, 'rina@example.com');
    ctx.clock.advance(hour);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'already-subscribed' });
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({
      kind: 'silent',
      outcome: 'told_before',
    });
    await sendDueLetters(ctx);

    const [, notice, more] = await mailsTo(ctx, 'rina@example.com');
    expect(more).toBeUndefined();
    expect(notice?.subject).toBe('You already get Inside Washington');
    expect(notice?.links.some((link) => link.includes('/m/'))).toBe(true);
    ctx.clock.advance(day);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'already-subscribed' });
  });

  it('R15 a stranger’s post for a subscribed address changes no subscription, preference or consent', async () => {
    const { subscriberId } = await subscribe(ctx, 'rina@example.com');
    const before = await everythingAbout(subscriberId);
    ctx.clock.advance(hour);
    await askToJoin(ctx, 'RINA@example.com', { marketing: true, lang: 'id' });
    await sendDueLetters(ctx);

    expect(await everythingAbout(subscriberId)).toEqual(before);
    const [, notice] = await mailsTo(ctx, 'rina@example.com');
    expect(notice?.text.replace(/\s+/g, ' ')).toContain(
      'Also send me offers and event news from Example Media by email (optional)',
    );
  });

  it('R14 a paused address hears that it is paused, with the way to resume', async () => {
    const { subscriberId } = await subscribe(ctx, 'rina@example.com');
    const until = new Date(ctx.clock.now().getTime() + 14 * day);
    await pause(ctx, { subscriberId, newsletterId: washington.id, until, actor: 'reader' });
    ctx.clock.advance(hour);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'paused' });
    await sendDueLetters(ctx);

    const [, notice] = await mailsTo(ctx, 'rina@example.com');
    expect(notice?.subject).toBe('Inside Washington is paused');
    expect(notice?.text.replace(/\s+/g, ' ')).toContain('Resume now');
    expect((await subscriptionOf(ctx, subscriberId, washington.id))?.paused_until).toEqual(until);
  });

  it('R14 an address that left is asked again, and its old leaving stays on the books', async () => {
    const { subscriberId } = await subscribe(ctx, 'rina@example.com');
    await unsubscribe(ctx, {
      subscriberId,
      newsletterId: washington.id,
      method: 'one-click',
      actor: 'reader',
    });
    ctx.clock.advance(hour);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'confirmation' });
    await sendDueLetters(ctx);

    expect(await mailsTo(ctx, 'rina@example.com')).toHaveLength(2);
    expect((await subscriptionOf(ctx, subscriberId, washington.id))?.state).toBe('pending');
    expect(await eventsOf(ctx, subscriberId)).toEqual([
      'signed_up',
      'confirmed',
      'unsubscribed',
      'signed_up',
    ]);
  });

  it.each(['complaint', 'never', 'manual'] as const)(
    'R14 an address suppressed for "%s" gets nothing, ever',
    async (reason) => {
      await stop('rina@example.com', reason);
      ctx.clock.advance(400 * day);
      expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({
        kind: 'silent',
        outcome: 'suppressed',
      });
      await sendDueLetters(ctx);
      expect(await mailsTo(ctx, 'rina@example.com')).toEqual([]);
      expect(await ctx.db.selectFrom('subscribers').selectAll().execute()).toEqual([]);
    },
  );

  it('R14 a bounced address gets nothing for 30 days, then one attempt whose confirmation lifts the bounce', async () => {
    await stop('rina@example.com', 'hard', 'disabled 5.2.1');
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'suppressed' });
    ctx.clock.advance(31 * day);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'confirmation' });
    await sendDueLetters(ctx);
    ctx.clock.advance(day);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ kind: 'silent', outcome: 'limited' });

    const person = await ctx.db.selectFrom('subscribers').selectAll().executeTakeFirstOrThrow();
    expect(person.mail_state).toBe('suppressed');
    const token = await confirmToken(ctx, 'rina@example.com');
    await confirm(ctx, { token, newsletterIds: [washington.id], marketing: false });
    const lifted = await ctx.db.selectFrom('subscribers').selectAll().executeTakeFirstOrThrow();
    expect(lifted.mail_state).toBe('ok');
    expect(await eventsOf(ctx, person.id)).toEqual(['signed_up', 'confirmed', 'released']);
  });

  it('never writes again to an address whose server knew no such user', async () => {
    await stop('rina@example.com', 'hard', 'dead 5.1.1');
    ctx.clock.advance(400 * day);
    expect(await askToJoin(ctx, 'rina@example.com')).toMatchObject({ outcome: 'suppressed' });
  });

  it('R14 a honeypot is counted without the address and gets nothing', async () => {
    const answer = await askToJoin(ctx, 'rina@example.com', { honeypot: 'https://spam.example' });
    expect(answer).toMatchObject({ kind: 'silent', outcome: 'honeypot' });
    const [row] = await ctx.db.selectFrom('sign_ups').selectAll().execute();
    expect(row).toMatchObject({ email: null, email_key: null, signal: 'honeypot', state: 'answered' });
    expect(await ctx.db.selectFrom('subscribers').selectAll().execute()).toEqual([]);
  });
});

describe('the limits of an address', () => {
  it('R14 allows three confirmations in 24 hours and ten in 30 days, over all spellings of one mailbox', async () => {
    const spellings = [
      'rina.w@example.com',
      'rinaw@example.com',
      'Rina.W+news@example.com',
      'r.inaw@example.com',
    ];
    const outcomes: string[] = [];
    for (const email of spellings) {
      const answer = await askToJoin(ctx, email);
      outcomes.push('outcome' in answer ? answer.outcome : answer.kind);
      ctx.clock.advance(11 * minute);
    }
    expect(outcomes).toEqual(['confirmation', 'confirmation', 'confirmation', 'limited']);
    for (let n = 0; n < 7; n += 1) {
      ctx.clock.advance(25 * hour);
      expect(await askToJoin(ctx, 'rinaw@example.com')).toMatchObject({ outcome: 'confirmation' });
    }
    ctx.clock.advance(25 * hour);
    expect(await askToJoin(ctx, 'rinaw@example.com')).toMatchObject({ outcome: 'limited' });
    ctx.clock.advance(31 * day);
    expect(await askToJoin(ctx, 'rinaw@example.com')).toMatchObject({ outcome: 'confirmation' });
  });

  it('puts off a request for something new until the ten minutes are over, and merges it', async () => {
    const brief = await createNewsletter(ctx, {
      slug: 'the-brief',
      name: 'The Brief',
      promise: { en: 'The day in five minutes, every evening.', id: 'Hari ini dalam lima menit.' },
      languages: ['en', 'id'],
      calendar: { days: [1], time: '18:00' },
    } as never);
    await askToJoin(ctx, 'rina@example.com');
    ctx.clock.advance(minute);
    const late = await askToJoin(ctx, 'rina@example.com', { newsletters: ['the-brief'] });
    expect(late).toMatchObject({ kind: 'put_off', until: new Date('2026-07-14T10:10:00Z') });
    expect(await answerSignUp(ctx, { signUpId: late.signUpId })).toEqual({ kind: 'nothing' });
    ctx.clock.advance(9 * minute);
    expect(await answerSignUp(ctx, { signUpId: late.signUpId })).toMatchObject({ outcome: 'confirmation' });
    await sendDueLetters(ctx);

    const [, second] = await mailsTo(ctx, 'rina@example.com');
    expect(second?.subject).toBe('Finish signing up for emails from Example Media');
    expect(second?.from).toContain('hello@news.example.org');
    expect(second?.text).toContain('- Inside Washington');
    expect(second?.text).toContain('- The Brief');
    const token = await confirmToken(ctx, 'rina@example.com');
    const done = await confirm(ctx, {
      token,
      newsletterIds: [washington.id, brief.id],
      marketing: false,
    });
    expect(done).toMatchObject({ kind: 'confirmed', newsletterIds: [washington.id, brief.id] });
    const consents = await ctx.db
      .selectFrom('consents as c')
      .innerJoin('wordings as w', 'w.id', 'c.wording_id')
      .select(['c.newsletter_id', 'w.newsletter_id as words_of'])
      .execute();
    expect(consents.every((row) => row.newsletter_id === row.words_of)).toBe(true);
    expect(consents).toHaveLength(2);
  });

  it('lets two sign-ups of one address at once plan one letter', async () => {
    const posts = await Promise.all([1, 2, 3, 4].map(() => postForm(ctx, 'rina@example.com')));
    const ids = posts.map((post) => (post.kind === 'accepted' ? post.signUpId : 0));
    const answers = await Promise.all(ids.map((signUpId) => answerSignUp(ctx, { signUpId })));
    expect(answers.filter((answer) => answer.kind === 'planned')).toHaveLength(1);
    expect(await ctx.db.selectFrom('letters').selectAll().execute()).toHaveLength(1);
    expect(await ctx.db.selectFrom('subscribers').selectAll().execute()).toHaveLength(1);
  });
});

async function stop(email: string, reason: 'hard' | 'complaint' | 'never' | 'manual', evidence?: string) {
  await suppress(ctx.db, ctx.keyring, {
    emailKey: email,
    reason,
    evidence,
    source: 'test',
    at: ctx.clock.now(),
  });
}

async function everythingAbout(subscriberId: number) {
  const of = <T extends 'subscriptions' | 'consents' | 'subscriber_events'>(table: T) =>
    ctx.db
      .selectFrom(table as 'consents')
      .selectAll()
      .where('subscriber_id', '=', subscriberId)
      .orderBy('id')
      .execute();
  return {
    person: await ctx.db.selectFrom('subscribers').selectAll().where('id', '=', subscriberId).execute(),
    subscriptions: await of('subscriptions'),
    consents: await of('consents'),
    events: await of('subscriber_events'),
  };
}
