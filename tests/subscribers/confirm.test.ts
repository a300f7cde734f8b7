import { describe, expect, it } from 'vitest';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { askAgain } from '../../src/subscribers/ask-again.ts';
import { confirm } from '../../src/subscribers/confirm.ts';
import { findConfirmation } from '../../src/subscribers/confirmation.ts';
import { expireSignUps } from '../../src/subscribers/expire.ts';
import { consentsOf } from '../../src/subscribers/find.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { withdraw } from '../../src/subscribers/withdraw.ts';
import { openWashington, theBrief } from '../support/inside-washington.ts';
import {
  askToJoin,
  confirmToken,
  consentVersion,
  eventsOf,
  postForm,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

const day = 24 * 60 * 60_000;

const { ctx, washington } = await openWashington();
const brief = await theBrief(ctx);

describe('confirming', () => {
  it('R4 records the exact words, version, language, time and page, and marketing only when ticked', async () => {
    const consentV = await consentVersion(ctx, washington, 'id');
    const { subscriberId } = await subscribe(ctx, 'ticked@example.com', {
      marketing: true,
      lang: 'id',
      consentVersion: consentV,
    });
    const records = await consentsOf(ctx.db, subscriberId);

    expect(records).toHaveLength(2);
    expect(records[1]).toMatchObject({
      purpose: 'marketing',
      act: 'given',
      method: 'double-opt-in',
      wording: {
        lang: 'id',
        version: '2026-07-14',
        text: 'Kirimi saya juga email tentang penawaran dan acara dari Example Media (opsional)',
      },
      form: 'article-box',
      pageUrl: 'https://www.example.org/politics/story',
      agentFamily: 'Firefox',
      at: ctx.clock.now(),
    });
    expect(records[1]?.ipNet).toMatch(/^10\.\d+\.\d+\.0\/24$/);
    expect(records[1]?.letterId).toBeGreaterThan(0);
    expect(records[0]?.wording?.text).toContain('Dapatkan email gratis Inside Washington');

    const { subscriberId: plain } = await subscribe(ctx, 'unticked@example.com');
    expect((await consentsOf(ctx.db, plain)).map((record) => record.purpose)).toEqual(['newsletter']);
  });

  it('takes no marketing that was ticked and then unticked on the page', async () => {
    await askToJoin(ctx, 'changed@example.com', { marketing: true });
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'changed@example.com');
    const done = await confirm(ctx, { token, newsletterIds: [washington.id], marketing: false });
    const id = done.kind === 'confirmed' ? done.subscriberId : 0;
    expect((await consentsOf(ctx.db, id)).map((record) => record.purpose)).toEqual(['newsletter']);
  });

  it('takes no marketing that the form never showed as ticked', async () => {
    await askToJoin(ctx, 'forged@example.com');
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'forged@example.com');
    const done = await confirm(ctx, { token, newsletterIds: [washington.id], marketing: true });
    const id = done.kind === 'confirmed' ? done.subscriberId : 0;
    expect((await consentsOf(ctx.db, id)).map((record) => record.purpose)).toEqual(['newsletter']);
  });

  it('R21 shows success however often it is repeated and records one event', async () => {
    const { subscriberId, token } = await subscribe(ctx, 'twice@example.com');
    for (let n = 0; n < 3; n += 1) {
      expect(await confirm(ctx, { token, newsletterIds: [washington.id], marketing: true })).toEqual({
        kind: 'already',
      });
    }
    expect((await findConfirmation(ctx.db, token, ctx.clock.now())).kind).toBe('done');
    expect(await eventsOf(ctx, subscriberId)).toEqual(['signed_up', 'confirmed']);
    expect(await consentsOf(ctx.db, subscriberId)).toHaveLength(1);
  });

  it('lets one of several confirms at once act', async () => {
    await askToJoin(ctx, 'racing@example.com');
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'racing@example.com');
    const all = await Promise.all(
      Array.from({ length: 8 }, () =>
        confirm(ctx, { token, newsletterIds: [washington.id], marketing: false }),
      ),
    );
    const acted = all.filter((one) => one.kind === 'confirmed');
    expect(acted).toHaveLength(1);
    expect(all.filter((one) => one.kind === 'already')).toHaveLength(7);
    const id = acted[0]?.kind === 'confirmed' ? acted[0].subscriberId : 0;
    expect(await eventsOf(ctx, id)).toEqual(['signed_up', 'confirmed']);
    const welcomes = await ctx.db
      .selectFrom('letters as l')
      .innerJoin('subscriptions as s', 's.id', 'l.about')
      .select('l.id')
      .where('l.kind', '=', 'welcome')
      .where('s.subscriber_id', '=', id)
      .execute();
    expect(welcomes).toHaveLength(1);
  });

  it('leaves unticked newsletters out, and refuses when none is left ticked', async () => {
    await askToJoin(ctx, 'choosy@example.com', { newsletters: ['inside-washington', 'the-brief'] });
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'choosy@example.com');
    expect(await confirm(ctx, { token, newsletterIds: [], marketing: false })).toEqual({
      kind: 'nothing_chosen',
    });
    const done = await confirm(ctx, { token, newsletterIds: [brief.id], marketing: false });
    expect(done).toMatchObject({ kind: 'confirmed', newsletterIds: [brief.id] });
    const id = done.kind === 'confirmed' ? done.subscriberId : 0;
    expect((await subscriptionOf(ctx, id, washington.id))?.state).toBe('unsubscribed');
    expect((await subscriptionOf(ctx, id, brief.id))?.state).toBe('active');
  });

  it('a used link never brings back a reader who has left since', async () => {
    const { subscriberId, token } = await subscribe(ctx, 'left@example.com');
    await unsubscribe(ctx, {
      subscriberId,
      newsletterId: washington.id,
      method: 'one-click',
      actor: 'reader',
    });
    expect(await confirm(ctx, { token, newsletterIds: [washington.id], marketing: false })).toEqual({
      kind: 'already',
    });
    expect((await subscriptionOf(ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
  });

  it('welcomes a subscription once, also when it is confirmed again', async () => {
    const { subscriberId } = await subscribe(ctx, 'again@example.com');
    await unsubscribe(ctx, { subscriberId, newsletterId: 'all', method: 'page', actor: 'reader' });
    ctx.clock.advance(day);
    const again = await subscribe(ctx, 'again@example.com');
    expect(again.subscriberId).toBe(subscriberId);
    const subscription = await subscriptionOf(ctx, subscriberId, washington.id);
    expect(subscription?.state).toBe('active');
    const welcomes = await ctx.db
      .selectFrom('letters')
      .select('id')
      .where('kind', '=', 'welcome')
      .where('about', '=', subscription?.id ?? 0)
      .execute();
    expect(welcomes).toHaveLength(1);
  });

  it('knows no altered, cut or invented link', async () => {
    await askToJoin(ctx, 'altered@example.com');
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'altered@example.com');
    const altered = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    for (const wrong of [altered, token.slice(1), `${token}x`, '', "' or 1=1 --", 'A'.repeat(22)]) {
      expect(await confirm(ctx, { token: wrong, newsletterIds: [washington.id], marketing: false })).toEqual({
        kind: 'unknown',
      });
    }
  });
});

describe('links that end', () => {
  it('R22 an 8-day-old link is expired, asks for a new one that works, and is gone 7 days after its end', async () => {
    await askToJoin(ctx, 'slow@example.com', { marketing: true });
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'slow@example.com');
    ctx.clock.advance(8 * day);
    expect(await confirm(ctx, { token, newsletterIds: [washington.id], marketing: false })).toEqual({
      kind: 'expired',
    });
    await expireSignUps(ctx);
    expect((await findConfirmation(ctx.db, token, ctx.clock.now())).kind).toBe('expired');

    expect(await askAgain(ctx, { token }, '10.9.9.9')).toEqual({ kind: 'asked' });
    const newest = await ctx.db
      .selectFrom('sign_ups')
      .select('id')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    await answerSignUp(ctx, { signUpId: newest.id });
    await sendDueLetters(ctx);
    const renewed = await confirmToken(ctx, 'slow@example.com');
    expect(renewed).not.toBe(token);

    ctx.clock.advance(6 * day);
    await expireSignUps(ctx);
    // The first form has ended, the second keeps the person.
    expect((await findConfirmation(ctx.db, token, ctx.clock.now())).kind).toBe('unknown');
    expect(
      await confirm(ctx, { token: renewed, newsletterIds: [washington.id], marketing: true }),
    ).toMatchObject({ kind: 'confirmed' });
  });

  it('R22 forgets the address when nobody confirms', async () => {
    await askToJoin(ctx, 'silent.reader@example.com');
    await sendDueLetters(ctx);
    ctx.clock.advance(13 * day);
    await expireSignUps(ctx);
    expect(await dump()).toContain('silent.reader@example.com');
    ctx.clock.advance(day + 1);
    expect(await expireSignUps(ctx)).toBeGreaterThan(0);
    expect(await expireSignUps(ctx)).toBe(0);
    expect(await dump()).not.toContain('silent.reader');
  });

  it('ends nothing that was asked for again meanwhile: a form that waits for its answer gets it', async () => {
    await subscribe(ctx, 'asks.again@example.com');
    ctx.clock.advance(day);
    expect(await askToJoin(ctx, 'asks.again@example.com')).toMatchObject({ outcome: 'already-subscribed' });
    ctx.clock.advance(15 * day);
    const posted = await postForm(ctx, 'asks.again@example.com');
    if (posted.kind !== 'accepted') throw new Error(posted.kind);
    expect(await expireSignUps(ctx)).toBeGreaterThan(0);
    expect(await answerSignUp(ctx, { signUpId: posted.signUpId })).toMatchObject({
      kind: 'planned',
      outcome: 'already-subscribed',
    });
  });

  it('R23 "delete it now" leaves no trace of the address in the database', async () => {
    const { signUpId } = await askToJoin(ctx, 'not.me@example.com', { marketing: true });
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'not.me@example.com');
    expect(await dump()).toContain('not.me@example.com');

    expect(await withdraw(ctx, { signUpId })).toEqual({ kind: 'withdrawn' });
    expect(await withdraw(ctx, { signUpId })).toEqual({ kind: 'withdrawn' });
    const left = await dump();
    expect(left).not.toContain('not.me');
    expect(left).not.toContain('n•••@example.com');
    expect(await confirm(ctx, { token, newsletterIds: [washington.id], marketing: false })).toEqual({
      kind: 'unknown',
    });
    expect(await withdraw(ctx, { signUpId: 4_000_000 })).toEqual({ kind: 'withdrawn' });
  });

  it('withdraws nothing from someone who confirmed', async () => {
    const { signUpId } = await askToJoin(ctx, 'was.me@example.com');
    await sendDueLetters(ctx);
    const token = await confirmToken(ctx, 'was.me@example.com');
    await confirm(ctx, { token, newsletterIds: [washington.id], marketing: false });
    expect(await withdraw(ctx, { signUpId })).toEqual({ kind: 'confirmed' });
    expect(await dump()).toContain('was.me@example.com');
  });

  it('a withdrawn second asking leaves the reader as they were: gone, with their history', async () => {
    const { subscriberId } = await subscribe(ctx, 'came.back@example.com');
    await unsubscribe(ctx, { subscriberId, newsletterId: 'all', method: 'page', actor: 'reader' });
    ctx.clock.advance(day);
    const { signUpId } = await askToJoin(ctx, 'came.back@example.com');
    expect((await subscriptionOf(ctx, subscriberId, washington.id))?.state).toBe('pending');
    await withdraw(ctx, { signUpId });
    expect((await subscriptionOf(ctx, subscriberId, washington.id))?.state).toBe('unsubscribed');
    expect(await consentsOf(ctx.db, subscriberId)).toHaveLength(2);
  });
});

/** Every row of every table of the chapter, and the letters, as text. */
async function dump(): Promise<string> {
  const tables = [
    'subscribers',
    'subscriptions',
    'subscriber_events',
    'sign_ups',
    'confirmation_tokens',
    'consents',
    'suppressions',
    'bounces',
    'letters',
    'limits',
  ] as const;
  const rows = await Promise.all(tables.map((table) => ctx.db.selectFrom(table).selectAll().execute()));
  return JSON.stringify(rows);
}
