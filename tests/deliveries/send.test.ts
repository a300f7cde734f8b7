import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freeBatches } from '../../src/deliveries/batches.ts';
import { fanOut } from '../../src/deliveries/fan-out.ts';
import { requestSend } from '../../src/deliveries/request-send.ts';
import { startSend } from '../../src/deliveries/start-send.ts';
import { openMailboxToken } from '../../src/lib/mailbox-token.ts';
import { openToken } from '../../src/lib/signed-token.ts';
import { readMessageId } from '../../src/platform/mail/message-id.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { readMailbox } from '../support/mailbox.ts';
import { seedNewsletter, seedReaders, seedReadyEdition, seedSend } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, countsOf, deliverFree, stateOf } from '../support/sending.ts';

let ctx: TestContext & { workerId: number };
const dayMs = 24 * 3_600_000;
const by = { name: 'test', mode: 'live' as const };

beforeEach(async () => {
  ctx = await asWorker(
    await testContext({ env: { SMTP_CONNECTIONS: '4', BOUNCE_DOMAIN: 'bounces.example.org' } }),
  );
});
afterEach(() => ctx.close());

describe('sending an edition', () => {
  it('gives every reader exactly one mail, and the books close', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 120, at: morning });
    await begin(ctx, editionId, 120);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 120, queued: 120 });
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 120, accepted: 120, queued: 0 });
    expect(await stateOf(ctx, editionId)).toBe('sent');
    const mails = await readMailbox(ctx.trap);
    expect(mails).toHaveLength(120);
    expect(new Set(mails.map((mail) => mail.to[0])).size).toBe(120);
    expect(ctx.logged()).not.toContain('@readers.example');
  });

  it('R26 puts each reader’s own links, date and ids into their copy, and no one else’s', async () => {
    const at = new Date('2026-07-03T15:00:00Z');
    const newsletterId = await seedNewsletter(ctx.db, { at });
    const [rina = 0] = await seedReaders(ctx.db, {
      newsletterId,
      count: 1,
      at,
      prefix: 'rina',
      language: 'id',
    });
    const [joe = 0] = await seedReaders(ctx.db, { newsletterId, count: 1, at, prefix: 'joe' });
    const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning, bounceDomain: true });
    await begin(ctx, editionId, 2);
    await deliverFree(ctx, editionId);
    const [mail] = await readMailbox(ctx.trap, 'rina1@readers.example');
    const [other] = await readMailbox(ctx.trap, 'joe1@readers.example');
    expect(mail?.subject).toBe('Pagi ini');
    expect(other?.subject).toBe('This morning');
    expect(mail?.text).toContain('r•••@readers.example 3 Juli 2026');
    expect(other?.text).toContain('j•••@readers.example 3 July 2026');
    const raw = mail?.raw.toString('latin1') ?? '';
    const token = /List-Unsubscribe: <https:\/\/news\.example\.org\/u\/([\w.-]+)>/.exec(
      raw.replace(/\r\n\s+/g, ' '),
    )?.[1];
    expect(openToken(ctx.keyring, 'unsubscribe', token ?? '', morning)).toEqual({
      kind: 'valid',
      numbers: [rina, newsletterId],
    });
    const mailbox = /mailto:u\+([a-z2-7]+)@bounces\.example\.org/.exec(raw)?.[1] ?? '';
    expect(openMailboxToken(ctx.keyring, 'unsubscribe', mailbox)).toEqual([rina, newsletterId]);
    expect(raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
    expect(raw.match(/^List-Unsubscribe:/gm)).toHaveLength(1);
    const everyday = /\/m\/([\w.-]+)/.exec(mail?.text ?? '')?.[1] ?? '';
    expect(openToken(ctx.keyring, 'everyday', everyday, morning)).toEqual({ kind: 'valid', numbers: [rina] });
    const after = new Date(morning.getTime() + 61 * dayMs);
    expect(openToken(ctx.keyring, 'everyday', everyday, after)).toEqual({ kind: 'expired' });
    const id = String(mail?.headers.get('message-id') ?? '');
    expect(readMessageId(id, ctx.keyring)).toEqual({ editionId, subscriberId: rina });
    expect(other?.headers.get('message-id')).not.toBe(id);
    expect(mail?.headers.get('date')).toEqual(ctx.clock.now());
    const sender =
      /X-Envelope-From: <?b\+([a-z2-7]+)@/i.exec(raw)?.[1] ?? /b\+([a-z2-7]+)@bounces/.exec(raw)?.[1];
    expect(openMailboxToken(ctx.keyring, 'bounce', sender ?? '')).toEqual([editionId, rina]);
    expect(raw).not.toContain('joe1');
    expect(joe).not.toBe(rina);
  });
});

describe('the audience', () => {
  it('is whoever is active, confirmed, unpaused, unsuppressed and due at the frozen instant', async () => {
    const before = new Date(morning.getTime() - dayMs);
    const newsletterId = await seedNewsletter(ctx.db, { at: before });
    const elsewhere = await seedNewsletter(ctx.db, { at: before, slug: 'elsewhere' });
    await seedReaders(ctx.db, { newsletterId: elsewhere, count: 5, at: before, prefix: 'other' });
    const ids = await seedReaders(ctx.db, { newsletterId, count: 9, at: before });
    const [pending, gone, paused, resumed, suppressed, late, weekly, weekdays] = ids;
    const set = (id: number | undefined, change: object) =>
      ctx.db
        .updateTable('subscriptions')
        .set(change)
        .where('subscriber_id', '=', id ?? 0)
        .execute();
    await set(pending, { state: 'pending', confirmed_at: null });
    await set(gone, { state: 'unsubscribed' });
    await set(paused, { paused_until: new Date(morning.getTime() + dayMs) });
    await set(resumed, { paused_until: new Date(morning.getTime() - 1) });
    await set(late, { confirmed_at: new Date(morning.getTime() + 60_000) });
    await set(weekly, { frequency: 'weekly' });
    await set(weekdays, { frequency: 'weekdays' });
    await ctx.db
      .updateTable('subscribers')
      .set({ mail_state: 'undeliverable' })
      .where('id', '=', suppressed ?? 0)
      .execute();
    const tuesday = await seedReadyEdition(ctx.db, { newsletterId, at: morning, languages: ['en'] });
    await begin(ctx, tuesday, 3);
    const planned = async (editionId: number) =>
      (
        await ctx.db
          .selectFrom('deliveries')
          .select('subscriber_id')
          .where('edition_id', '=', editionId)
          .orderBy('subscriber_id')
          .execute()
      ).map((row) => row.subscriber_id);
    expect(await planned(tuesday)).toEqual([resumed, weekdays, ids[8]]);
    ctx.clock.advance(4 * dayMs);
    const saturday = await seedReadyEdition(ctx.db, {
      newsletterId,
      at: ctx.clock.now(),
      slotDate: '2026-07-18',
      languages: ['en'],
    });
    await begin(ctx, saturday, 4);
    expect(await planned(saturday)).toEqual([paused, resumed, late, ids[8]]);
  });

  it('reads a language without a variant in the newsletter’s own, and a regional one in its main one', async () => {
    const before = new Date(morning.getTime() - dayMs);
    const newsletterId = await seedNewsletter(ctx.db, { at: before, languages: ['en', 'id'] });
    const languages = ['id', 'id-ID', 'fr', 'en-GB'];
    for (const language of languages) {
      await seedReaders(ctx.db, { newsletterId, count: 1, at: before, language, prefix: `${language}-` });
    }
    const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
    await begin(ctx, editionId, 4);
    const rows = await ctx.db
      .selectFrom('deliveries as d')
      .innerJoin('edition_variants as v', 'v.id', 'd.variant_id')
      .select('v.lang')
      .orderBy('d.subscriber_id')
      .execute();
    expect(rows.map((row) => row.lang)).toEqual(['id', 'id', 'en', 'en']);
  });

  it('is planned once, however often and however many at a time the fan-out runs', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 12_345, at: morning });
    await requestSend(ctx, { editionId, expectRecipients: 12_345, holdSeconds: 0, by });
    await startSend(ctx, { editionId });
    const outcomes = await Promise.all([1, 2, 3].map(() => fanOut(ctx, { editionId, after: 0 })));
    expect(outcomes.some((one) => one.kind === 'fanned_out')).toBe(true);
    expect(await fanOut(ctx, { editionId, after: 0 })).toEqual({ kind: 'nothing_to_do' });
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 12_345, queued: 12_345 });
    const batches = await ctx.db
      .selectFrom('delivery_batches')
      .select(['no', 'subscriber_ids'])
      .orderBy('no')
      .execute();
    const everyone = batches.flatMap((batch) => batch.subscriber_ids);
    expect(everyone).toHaveLength(12_345);
    expect(new Set(everyone).size).toBe(12_345);
    expect(batches.map((batch) => batch.no)).toEqual(batches.map((_, index) => index + 1));
    expect(Math.max(...batches.map((batch) => batch.subscriber_ids.length))).toBe(500);
    expect(await freeBatches(ctx.db, { editionId, now: morning, limit: 100 })).toHaveLength(batches.length);
  });

  it('may be nobody: the edition is sent, to no one, when its calendar launches it', async () => {
    const newsletterId = await seedNewsletter(ctx.db, { at: morning });
    const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
    await ctx.db.updateTable('editions').set({ state: 'scheduled', scheduled: true }).execute();
    expect(await startSend(ctx, { editionId })).toEqual({ kind: 'started' });
    expect(await startSend(ctx, { editionId })).toEqual({ kind: 'nothing_to_start' });
    await fanOut(ctx, { editionId, after: 0 });
    expect(await countsOf(ctx, editionId)).toMatchObject({ planned: 0 });
    expect(await stateOf(ctx, editionId)).toBe('sent');
  });
});
