import { sql } from 'kysely';
import { afterEach, expect, it } from 'vitest';
import { fingerprint } from '../../src/lib/signed-token.ts';
import { createNewsletter } from '../../src/newsletters/create.ts';
import { answerSignUp } from '../../src/subscribers/answer-sign-up.ts';
import { answerSignUps } from '../../src/subscribers/answer-sign-ups.ts';
import { answerStrangers } from '../../src/subscribers/answer-strangers.ts';
import type { SignUpForm } from '../../src/subscribers/sign-up.ts';
import { insertSignUp, lockAddress } from '../../src/subscribers/sign-up-queries.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { askToJoin, mailsTo, postForm, seedInsideWashington, sendDueLetters } from '../support/sign-ups.ts';

const minute = 60_000;
const open: TestContext[] = [];
afterEach(async () => {
  for (const ctx of open.splice(0)) await ctx.close();
});

async function newsroom(): Promise<TestContext> {
  const ctx = await testContext();
  open.push(ctx);
  await seedInsideWashington(ctx);
  await createNewsletter(ctx, {
    slug: 'jakarta',
    name: 'Jakarta',
    promise: { en: 'The city.', id: 'Kota.' },
    languages: ['en', 'id'],
    from_email: 'jakarta@news.example.org',
    time_zone: 'Asia/Jakarta',
    calendar: { days: [1], time: '07:00' },
    sections: ['housing', 'transport'].map((key) => ({ key, label: { en: key, id: key }, max: 4 })),
  } as never);
  return ctx;
}

async function accepted(ctx: TestContext, email: string, more: Partial<SignUpForm> = {}): Promise<number> {
  const outcome = await postForm(ctx, email, more);
  if (outcome.kind !== 'accepted') throw new Error(`the form was answered ${outcome.kind}`);
  return outcome.signUpId;
}

/** All that an answer writes. Identities are drawn in one order here and in another there: people stand for theirs. */
async function ledger({ db }: TestContext) {
  const people = await db.selectFrom('subscribers').selectAll().orderBy('email_key').execute();
  const keyOf = new Map(people.map((one) => [one.id, one.email_key]));
  const subscriptions = await db.selectFrom('subscriptions').selectAll().execute();
  const events = await db.selectFrom('subscriber_events').selectAll().execute();
  const signUps = await db.selectFrom('sign_ups').selectAll().orderBy('id').execute();
  const letters = await db.selectFrom('letters').selectAll().orderBy('about').execute();
  const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).sort();
  return {
    people: people.map(({ id, created_at, ...row }) => row),
    subscriptions: sorted(
      subscriptions.map(({ id, subscriber_id, created_at, ...row }) => ({
        ...row,
        who: keyOf.get(subscriber_id),
      })),
    ),
    events: sorted(
      events.map(({ id, subscriber_id, subscription_id, at, ...row }) => ({
        ...row,
        who: keyOf.get(subscriber_id),
        about: subscriptions.find((one) => one.id === subscription_id)?.newsletter_id,
      })),
    ),
    signUps: signUps.map(({ subscriber_id, created_at, expires_at, ...row }) => ({
      ...row,
      who: keyOf.get(subscriber_id ?? 0),
      keptMs: (expires_at?.getTime() ?? 0) - created_at.getTime() > 0,
    })),
    letters: letters.map(({ id, fingerprint, at, due_at, ...row }) => row),
  };
}

it('writes for strangers the very rows that each would get alone', async () => {
  const forms: [string, Partial<SignUpForm>][] = [
    ['Rina@Example.com', {}],
    ['agus@example.org', { marketing: true, lang: 'id', form: 'Side-Box' }],
    ['putri+news@example.com', { newsletters: ['jakarta', 'inside-washington'] }],
    ['made@example.com', { newsletters: ['jakarta'], topics: ['housing'] }],
    ["o'brien@example.net", { lang: 'id' }],
  ];
  const [together, alone] = [await newsroom(), await newsroom()];
  const ids = { together: [] as number[], alone: [] as number[] };
  for (const [email, more] of forms) {
    ids.together.push(await accepted(together, email, more));
    ids.alone.push(await accepted(alone, email, more));
  }

  const answers = await answerStrangers(together, ids.together);
  for (const signUpId of ids.alone) await answerSignUp(alone, { signUpId });

  expect([...answers.keys()]).toEqual(ids.together);
  expect((await ledger(together)).subscriptions.join()).toContain('"topics":["housing"]');
  expect(await ledger(together)).toEqual(await ledger(alone));
  expect(await answerStrangers(together, ids.together)).toEqual(new Map());
  expect(await ledger(together)).toEqual(await ledger(alone));
  await sendDueLetters(together);
  expect(await mailsTo(together, 'agus@example.org')).toHaveLength(1);
});

it('leaves everything else to be answered by itself', async () => {
  const ctx = await newsroom();
  const keyring = ctx.keyring;
  await askToJoin(ctx, 'known@example.com');
  await askToJoin(ctx, 'lately@example.com');
  await suppress(ctx.db, keyring, {
    emailKey: 'never@example.com',
    reason: 'never',
    source: 'test',
    at: ctx.clock.now(),
  } as never);
  const others = [
    await accepted(ctx, 'known@example.com'),
    // Another spelling of a mailbox that was asked a moment ago.
    await accepted(ctx, 'late.ly@example.com'),
    await accepted(ctx, 'never@example.com'),
    await accepted(ctx, 'bot@example.com', { honeypot: 'http://spam.example' }),
  ];
  const first = await accepted(ctx, 'two@example.com');
  const second = await accepted(ctx, 't.wo@example.com');
  const held = await accepted(ctx, 'held@example.com');

  const answers = await ctx.db.transaction().execute(async (tx) => {
    await lockAddress(tx, fingerprint(keyring, 'held@example.com').bytes);
    return answerStrangers(ctx, [...others, first, second, held, 999]);
  });

  expect([...answers.keys()]).toEqual([first]);
  const left = await ctx.db.selectFrom('sign_ups').select('id').where('state', '=', 'received').execute();
  expect(left.map(({ id }) => id).sort()).toEqual([...others, second, held].sort());
});

it('does not overtake what was put off for the same address', async () => {
  const ctx = await newsroom();
  await askToJoin(ctx, 'rina@example.com');
  const putOff = await accepted(ctx, 'ri.na@example.com', { newsletters: ['jakarta'] });
  expect(await answerSignUp(ctx, { signUpId: putOff })).toMatchObject({ kind: 'put_off' });
  ctx.clock.advance(31 * 24 * 60 * minute);
  const again = await accepted(ctx, 'ri.na@example.com');
  expect((await answerStrangers(ctx, [again])).size).toBe(0);
});

it('two workers at once answer each sign-up once', async () => {
  const ctx = await newsroom();
  const signUpIds: number[] = [];
  for (let n = 0; n < 30; n += 1) signUpIds.push(await accepted(ctx, `reader${n % 25}@example.com`));
  await Promise.all([
    answerSignUps(ctx, { signUpIds }),
    answerSignUps(ctx, { signUpIds: signUpIds.toReversed() }),
  ]);

  const states = await ctx.db.selectFrom('sign_ups').select(['state', 'outcome']).execute();
  expect(states.every(({ state }) => state === 'answered')).toBe(true);
  expect(states.filter(({ outcome }) => outcome === 'confirmation')).toHaveLength(25);
  expect(await ctx.db.selectFrom('letters').select('id').execute()).toHaveLength(25);
});

it('reads what it answers, and not all that wait', async () => {
  const ctx = await newsroom();
  const waiting = 800;
  const few = 40;
  const ids = await Promise.all(
    Array.from({ length: waiting }, (_, n) =>
      insertSignUp(ctx.db, {
        asks: 'subscribe',
        email: `r${n}@example.com`,
        emailKey: `r${n}@example.com`,
        newsletterIds: [1],
        marketing: false,
        wordingIds: [1],
        lang: 'en',
        form: 'article-box',
        pageUrl: undefined,
        ipNet: undefined,
        agentFamily: undefined,
        signal: undefined,
        at: ctx.clock.now(),
      }),
    ),
  );
  const before = await entriesRead(ctx);
  for (let from = 0; from < waiting / 2; from += few)
    expect(await answerStrangers(ctx, ids.slice(from, from + few))).toHaveProperty('size', few);
  // Each is looked up in some indexes. To go through all that wait for each, or through all letters, is ten times as much.
  expect((await entriesRead(ctx)) - before).toBeLessThan((100 * waiting) / 2);
});

/** Of the indexes of what grows in a rush, by all connections: each tells what it has read when it is asked. */
async function entriesRead({ db }: TestContext): Promise<number> {
  await Promise.all(
    Array.from({ length: 10 }, () => sql`select pg_stat_force_next_flush(), pg_sleep(0.05)`.execute(db)),
  );
  const { rows } = await sql<{ read: number }>`
    select sum(idx_tup_read)::int as read from pg_stat_user_indexes
    where relname in ('sign_ups', 'letters', 'subscribers')`.execute(db);
  return rows[0]?.read ?? 0;
}
