import { describe, expect, it } from 'vitest';
import { type Bounce, noteAttempts, recordBounce } from '../../src/subscribers/record-bounce.ts';
import { release } from '../../src/subscribers/release.ts';
import { suppress } from '../../src/subscribers/suppress.ts';
import { openWashington } from '../support/inside-washington.ts';
import { seedReaders } from '../support/seed.ts';
import { askToJoin, eventsOf } from '../support/sign-ups.ts';

const day = 24 * 60 * 60_000;

let source = 0;
let crowd = 0;

const { ctx, washington } = await openWashington();

async function person(domain = 'readers.example'): Promise<number> {
  crowd += 1;
  const [id = 0] = await seedReaders(ctx.db, {
    newsletterId: washington.id,
    count: 1,
    at: ctx.clock.now(),
    prefix: `p${crowd}-`,
    domain,
  });
  return id;
}

function bounce(subscriberId: number, more: Partial<Bounce>) {
  source += 1;
  return recordBounce(ctx.db, ctx.keyring, {
    subscriberId,
    source: 'smtp',
    sourceId: `s${source}`,
    class: 'dead',
    at: ctx.clock.now(),
    ...more,
  });
}

async function mailState(id: number) {
  const row = await ctx.db
    .selectFrom('subscribers')
    .select('mail_state')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return row.mail_state;
}

describe('bounces and what they mean', () => {
  it('a dead address is suppressed at once, and the same bounce twice is one', async () => {
    const id = await person();
    const first = { class: 'dead' as const, status: '5.1.1', sourceId: 'same', textMasked: '550 5.1.1 gone' };
    expect(await bounce(id, first)).toEqual({ kind: 'suppressed', reason: 'hard' });
    expect(await bounce(id, first)).toEqual({ kind: 'known' });
    expect(await mailState(id)).toBe('suppressed');
    expect(await eventsOf(ctx, id)).toEqual(['suppressed']);
    const standing = await ctx.db
      .selectFrom('suppressions')
      .selectAll()
      .where('subscriber_id', '=', id)
      .execute();
    expect(standing).toMatchObject([
      { reason: 'hard', evidence: 'dead 5.1.1 550 5.1.1 gone', source: 'smtp' },
    ]);
  });

  it('a complaint stops everything', async () => {
    const id = await person();
    expect(await bounce(id, { class: 'complaint', source: 'arf' })).toEqual({
      kind: 'suppressed',
      reason: 'complaint',
    });
    expect(await mailState(id)).toBe('suppressed');
  });

  it.each([
    'greylist',
    'rate',
    'auth',
    'reputation',
    'content',
    'policy',
    'protocol',
    'network',
    'expired',
  ] as const)('trouble of class "%s" never counts against a reader', async (kind) => {
    const id = await person();
    for (let n = 0; n < 5; n += 1)
      expect(await bounce(id, { class: kind, editionId: n })).toEqual({ kind: 'noted' });
    expect(await mailState(id)).toBe('ok');
  });

  it('a disabled mailbox is suppressed when it is still disabled seven days later', async () => {
    const id = await person();
    const disabled = (afterMs: number) =>
      bounce(id, { class: 'disabled', at: new Date(ctx.clock.now().getTime() + afterMs) });
    expect(await disabled(0)).toEqual({ kind: 'counted' });
    expect(await disabled(6 * day)).toEqual({ kind: 'counted' });
    expect(await disabled(7 * day)).toEqual({ kind: 'suppressed', reason: 'hard' });
  });

  it('soft bounces stop the mail after three editions over 14 days, one a day, with none accepted between', async () => {
    const id = await person();
    const start = ctx.clock.now().getTime();
    const full = (editionId: number, days: number) =>
      bounce(id, { class: 'full', editionId, at: new Date(start + days * day) });
    expect(await full(1, 0)).toEqual({ kind: 'counted' });
    expect(await full(2, 0)).toEqual({ kind: 'noted' });
    expect(await full(3, 3)).toEqual({ kind: 'counted' });
    expect(await full(4, 5)).toEqual({ kind: 'counted' });
    expect(await full(5, 14)).toEqual({ kind: 'suppressed', reason: 'soft' });
    expect(await mailState(id)).toBe('undeliverable');
  });

  it('an accepted edition between starts the count again', async () => {
    const id = await person();
    const start = ctx.clock.now().getTime();
    const at = (days: number) => new Date(start + days * day);
    const full = (editionId: number, days: number) => bounce(id, { class: 'full', editionId, at: at(days) });
    await full(11, 0);
    await full(12, 6);
    const edition = await ctx.db
      .insertInto('editions')
      .values({
        newsletter_id: washington.id,
        slot_date: '2026-07-22',
        slot_at: at(8),
        state: 'sent',
        created_at: at(8),
        updated_at: at(8),
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await ctx.db
      .insertInto('sends')
      .values({ edition_id: edition.id, requested_by: 'test', requested_at: at(8) })
      .execute();
    await ctx.db
      .insertInto('deliveries')
      .values({
        edition_id: edition.id,
        subscriber_id: id,
        variant_id: 1,
        state: 'accepted',
        due_at: at(8),
        deadline_at: at(9),
        settled_at: at(8),
      })
      .execute();
    expect(await full(13, 15)).toEqual({ kind: 'counted' });
    expect(await mailState(id)).toBe('ok');
  });

  it('when a tenth of fifty die at one provider in ten minutes, nobody more is cut off', async () => {
    const domain = 'broken-provider.example';
    await noteAttempts(
      ctx.db,
      Array.from({ length: 60 }, () => domain),
      ctx.clock.now(),
    );
    const outcomes: string[] = [];
    for (let n = 0; n < 9; n += 1) outcomes.push((await bounce(await person(domain), {})).kind);
    expect(outcomes).toEqual([...Array(6).fill('suppressed'), ...Array(3).fill('guarded')]);
    expect((await bounce(await person('sound-provider.example'), {})).kind).toBe('suppressed');
    ctx.clock.advance(21 * 60_000);
    expect((await bounce(await person(domain), {})).kind).toBe('suppressed');
  });

  it('a bounce of someone who is gone is kept without them', async () => {
    expect(await bounce(4_000_000, {})).toEqual({ kind: 'noted' });
  });
});

describe('suppressions', () => {
  it('stand once per reason, and are lifted once, with the state following them', async () => {
    const id = await person();
    const { email_key: emailKey } = await ctx.db
      .selectFrom('subscribers')
      .select('email_key')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const what = {
      emailKey: emailKey ?? '',
      subscriberId: id,
      reason: 'manual' as const,
      source: 'cli',
      at: ctx.clock.now(),
    };
    const first = await suppress(ctx.db, ctx.keyring, what);
    expect(await suppress(ctx.db, ctx.keyring, what)).toEqual({ id: first.id, made: false });
    await suppress(ctx.db, ctx.keyring, { ...what, reason: 'soft' });
    expect(await mailState(id)).toBe('suppressed');
    const lift = () =>
      release(ctx.db, ctx.keyring, {
        suppressionIds: [first.id],
        by: 'cli',
        reason: 'they wrote to us',
        at: ctx.clock.now(),
      });
    expect(await lift()).toBe(1);
    expect(await lift()).toBe(0);
    expect(await mailState(id)).toBe('undeliverable');
    expect((await suppress(ctx.db, ctx.keyring, what)).made).toBe(true);
  });

  it('one newsletter’s suppression leaves the others open', async () => {
    const id = await person();
    const row = await ctx.db
      .selectFrom('subscribers')
      .select(['email', 'email_key'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    await suppress(ctx.db, ctx.keyring, {
      emailKey: row.email_key ?? '',
      subscriberId: id,
      newsletterId: washington.id,
      reason: 'manual',
      source: 'cli',
      at: ctx.clock.now(),
    });
    expect(await mailState(id)).toBe('ok');
    const answer = await askToJoin(ctx, row.email ?? '');
    expect(answer).toMatchObject({ kind: 'silent', outcome: 'suppressed' });
  });
});
