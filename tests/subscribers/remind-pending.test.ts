import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeNewsletter } from '../../src/newsletters/change.ts';
import { createNewsletter } from '../../src/newsletters/create.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import { confirm } from '../../src/subscribers/confirm.ts';
import { erase } from '../../src/subscribers/erase.ts';
import { expireSignUps } from '../../src/subscribers/expire.ts';
import { remindPending } from '../../src/subscribers/remind-pending.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { withdraw } from '../../src/subscribers/withdraw.ts';
import { type TestContext, testContext } from '../support/context.ts';
import {
  askToJoin,
  confirmToken,
  mailsTo,
  seedInsideWashington,
  sendDueLetters,
  subscribe,
  subscriptionOf,
} from '../support/sign-ups.ts';

// 1.4: one reminder after 24 h, off by default, never more than one.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const rina = 'rina@example.com';
const reminder = 'Reminder: finish signing up for Inside Washington';

let ctx: TestContext;
let washington: Newsletter;

beforeEach(async () => {
  ctx = await testContext();
  washington = await seedInsideWashington(ctx, { confirmation_reminder: true });
});
afterEach(() => ctx.close());

async function asked(email = rina, more = {}): Promise<number> {
  const { signUpId } = await askToJoin(ctx, email, more);
  await sendDueLetters(ctx);
  return signUpId;
}

const subjects = async (email = rina) => (await mailsTo(ctx, email)).map((mail) => mail.subject);

/** Everything that the next days may bring, minute by minute as far as it matters. */
async function letDaysPass(days = 15): Promise<void> {
  for (let hours = 0; hours < days * 24; hours += 12) {
    await remindPending(ctx);
    await sendDueLetters(ctx);
    ctx.clock.advance(12 * hour);
  }
}

describe('the reminder of a confirmation', () => {
  it('comes once, a day after the first letter, and its link confirms like the first', async () => {
    await asked();
    ctx.clock.advance(day - 1);
    expect(await remindPending(ctx)).toBe(0);
    ctx.clock.advance(1);
    expect(await remindPending(ctx)).toBe(1);
    expect(await remindPending(ctx)).toBe(0);
    await sendDueLetters(ctx);
    await sendDueLetters(ctx);
    expect(await subjects()).toEqual(['Finish signing up for Inside Washington', reminder]);
    const [first, second] = await mailsTo(ctx, rina);
    expect(second?.text.replace(/\s+/g, ' ')).toContain('This is the only reminder.');
    const old = /\/confirm\/([\w-]{22})(?!\/)\b/.exec(first?.text ?? '')?.[1] ?? '';
    const token = await confirmToken(ctx, rina);
    expect(token).not.toBe(old);
    const yes = { newsletterIds: [washington.id], marketing: false };
    expect(await confirm(ctx, { token: old, ...yes })).toMatchObject({ kind: 'confirmed' });
    expect(await confirm(ctx, { token, ...yes })).toEqual({ kind: 'already' });
    await letDaysPass();
    expect((await subjects()).filter((one) => one === reminder)).toHaveLength(1);
  });

  it('is sent by one of several workers that come at once', async () => {
    await asked();
    ctx.clock.advance(day);
    const counts = await Promise.all(Array.from({ length: 6 }, () => remindPending(ctx)));
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(1);
    await sendDueLetters(ctx);
    expect((await subjects()).filter((one) => one === reminder)).toHaveLength(1);
  });

  it('never comes unless the newsletter says so', async () => {
    await changeNewsletter(ctx, washington.id, { confirmation_reminder: false });
    await asked();
    await letDaysPass();
    expect(await subjects()).toEqual(['Finish signing up for Inside Washington']);
  });

  it('does not come out of the blue when the switch is turned on late', async () => {
    await changeNewsletter(ctx, washington.id, { confirmation_reminder: false });
    await asked();
    ctx.clock.advance(3 * day + minute);
    await changeNewsletter(ctx, washington.id, { confirmation_reminder: true });
    expect(await remindPending(ctx)).toBe(0);
  });

  const endings: Record<string, (signUpId: number) => Promise<unknown>> = {
    'has confirmed': async () =>
      confirm(ctx, {
        token: await confirmToken(ctx, rina),
        newsletterIds: [washington.id],
        marketing: false,
      }),
    'said that it was not them': (signUpId) => withdraw(ctx, { signUpId }),
    'was erased': async () => {
      const { id } = await ctx.db.selectFrom('subscribers').select('id').executeTakeFirstOrThrow();
      await erase(ctx, { subscriberId: id, actor: 'operator' });
    },
    'may not be written to': async () => {
      const person = await ctx.db
        .selectFrom('subscribers')
        .select(['id', 'email_key'])
        .executeTakeFirstOrThrow();
      await ctx.db.transaction().execute((tx) =>
        suppress(tx, ctx.keyring, {
          emailKey: person.email_key ?? '',
          subscriberId: person.id,
          reason: 'complaint',
          source: 'test',
          at: ctx.clock.now(),
        }),
      );
    },
    'waits for a newsletter that has closed': () => changeNewsletter(ctx, washington.id, { state: 'closed' }),
  };

  it.each(Object.keys(endings))('never reaches who %s', async (ending) => {
    const signUpId = await asked();
    await endings[ending]?.(signUpId);
    const before = (await subjects()).length;
    await letDaysPass();
    expect((await subjects()).slice(before)).not.toContain(reminder);
  });

  it.each(Object.keys(endings))('is dropped when it is planned already and its reader %s', async (ending) => {
    const signUpId = await asked();
    ctx.clock.advance(day);
    expect(await remindPending(ctx)).toBe(1);
    await endings[ending]?.(signUpId);
    await letDaysPass(2);
    expect(await subjects()).not.toContain(reminder);
    const letter = await ctx.db
      .selectFrom('letters')
      .select('state')
      .where('kind', '=', 'reminder')
      .executeTakeFirst();
    expect(letter?.state).toBe('dropped');
  });

  it('does not come for an older form when the newer one was confirmed', async () => {
    await asked();
    ctx.clock.advance(11 * minute);
    const { subscriberId } = await subscribe(ctx, rina);
    expect((await subscriptionOf(ctx, subscriberId, washington.id))?.state).toBe('active');
    await letDaysPass();
    expect(await subjects()).not.toContain(reminder);
  });

  it('comes once for everything that one person waits for, however many forms they sent', async () => {
    const world = await createNewsletter(ctx, {
      slug: 'the-world',
      name: 'The World',
      promise: { en: 'What happens elsewhere, every week.' },
      languages: ['en'],
      calendar: { days: [5], time: '07:00' },
    });
    await asked();
    ctx.clock.advance(hour);
    await asked(rina, { newsletters: ['the-world'] });
    ctx.clock.advance(2 * day);
    await remindPending(ctx);
    await sendDueLetters(ctx);
    const reminders = (await mailsTo(ctx, rina)).filter((mail) => mail.subject.startsWith('Reminder'));
    expect(reminders).toHaveLength(1);
    expect(reminders[0]?.text).toContain('The World');
    expect(reminders[0]?.text).toContain('Inside Washington');
    // Who asks again afterwards gets a letter of their own asking, and no second reminder of it.
    await asked(rina, { newsletters: ['the-world'] });
    await letDaysPass(6);
    expect((await subjects()).filter((one) => one.startsWith('Reminder'))).toHaveLength(1);
    const person = await ctx.db.selectFrom('subscribers').select('id').executeTakeFirstOrThrow();
    expect((await subscriptionOf(ctx, person.id, world.id))?.state).toBe('pending');
  });

  it('counts as a confirmation in the limits of the address', async () => {
    await asked();
    ctx.clock.advance(day);
    await remindPending(ctx);
    await sendDueLetters(ctx);
    ctx.clock.advance(5 * minute);
    await asked();
    expect(await subjects()).toHaveLength(2);
    for (let n = 0; n < 4; n += 1) {
      ctx.clock.advance(11 * minute);
      await asked();
    }
    expect(await subjects()).toHaveLength(4);
  });

  it('is left out where the address has had its letters of the month', async () => {
    for (let n = 0; n < 10; n += 1) {
      await asked();
      ctx.clock.advance(9 * hour);
    }
    ctx.clock.advance(day);
    expect(await remindPending(ctx)).toBe(0);
  });

  it('keeps a sign-up fourteen days after its last letter, and not longer', async () => {
    await asked();
    ctx.clock.advance(day);
    await remindPending(ctx);
    await sendDueLetters(ctx);
    ctx.clock.advance(14 * day - minute);
    expect(await expireSignUps(ctx)).toBe(0);
    ctx.clock.advance(minute);
    expect(await expireSignUps(ctx)).toBe(1);
    expect(await ctx.db.selectFrom('subscribers').select('id').execute()).toEqual([]);
  });
});
