import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { cancelSend } from '../../src/deliveries/cancel-send.ts';
import { fanOut } from '../../src/deliveries/fan-out.ts';
import { pauseSend } from '../../src/deliveries/pause-send.ts';
import { planMerged } from '../../src/deliveries/plan-merged.ts';
import { requestSend } from '../../src/deliveries/request-send.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { resumeSend } from '../../src/deliveries/resume-send.ts';
import { startSend } from '../../src/deliveries/start-send.ts';
import { verifySend } from '../../src/deliveries/verify-send.ts';
import { merge } from '../../src/subscribers/merge.ts';
import { selectSubscriber } from '../../src/subscribers/queries.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { morning, testContext } from '../support/context.ts';
import { readMailbox } from '../support/mailbox.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, deliverFree, deliveryOf, stateOf } from '../support/sending.ts';

// While an edition is on its way, a reader takes an address that is another reader's: the one who stays gets the edition, once,
// also when only the one who moved had the newsletter.

const hourMs = 3_600_000;
const ctx = await asWorker(await testContext());
afterAll(() => ctx.close());

let nth = 0;
let newsletterId = 0;
let editionId = 0;
/** Whose newsletter it is. */
let from = 0;
/** Who has none, and another address. */
let into = 0;
let address = '';

beforeEach(async () => {
  nth += 1;
  ctx.clock.set(morning);
  const at = new Date(morning.getTime() - 24 * hourMs);
  newsletterId = await seedNewsletter(ctx.db, { slug: `letter-${nth}`, at });
  const elsewhere = await seedNewsletter(ctx.db, { slug: `elsewhere-${nth}`, at });
  await seedReaders(ctx.db, { newsletterId, count: 3, at, prefix: `other.${nth}.` });
  [from = 0] = await seedReaders(ctx.db, { newsletterId, count: 1, at, prefix: `moves.${nth}.` });
  const stays = { newsletterId: elsewhere, count: 1, at, prefix: `stays.${nth}.`, domain: 'gmail.com' };
  [into = 0] = await seedReaders(ctx.db, stays);
  address = `stays.${nth}.1@gmail.com`;
  editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
});

async function mergeThem(fromId = from, intoId = into): Promise<void> {
  await ctx.db.transaction().execute(async (tx) => {
    const [one, other] = [
      await selectSubscriber(tx, { id: fromId }),
      await selectSubscriber(tx, { id: intoId }),
    ];
    if (!one || !other) throw new Error('a reader is missing');
    await merge(ctx, tx, { from: one, into: other, changeId: nth });
  });
}

const got = async (email = address) => (await readMailbox(ctx.trap, email)).length;

async function bellRings(): Promise<void> {
  await deliverFree(ctx, editionId);
  await deliverFree(ctx, editionId);
}

/** The send has ended, its books close, and nothing that runs again changes them. */
async function isOver(counts: object): Promise<void> {
  expect(await assertClosedBooks(ctx, editionId)).toMatchObject(counts);
  expect(await stateOf(ctx, editionId)).toBe('sent');
  expect(await rescueDeliveries(ctx)).toMatchObject({ merged: 0, batchesRung: 0, mended: 0 });
  expect(await planMerged(ctx, editionId)).toBe(0);
  expect((await verifySend(ctx, editionId)).agreed).toBe(true);
  expect(await assertClosedBooks(ctx, editionId)).toMatchObject(counts);
}

describe('a reader who stands for another since an edition began', () => {
  it('gets it once, before the send is over, in their own lane', async () => {
    await begin(ctx, editionId, 4);
    await mergeThem();
    await bellRings();
    expect([await got(), await got(`moves.${nth}.1@readers.example`)]).toEqual([1, 0]);
    expect(await deliveryOf(ctx, editionId, into)).toMatchObject({ state: 'accepted', lane: 'gmail' });
    expect(await deliveryOf(ctx, editionId, from)).toMatchObject({ state: 'skipped', class: 'erased' });
    await isOver({ planned: 5, accepted: 4, skipped: 1, queued: 0 });
  });

  it('gets it once when nobody was planned yet', async () => {
    const by = { name: 'test', mode: 'live' as const };
    await requestSend(ctx, { editionId, expectRecipients: 4, holdSeconds: 0, by });
    await startSend(ctx, { editionId });
    await mergeThem();
    await fanOut(ctx, { editionId, after: 0 });
    await bellRings();
    expect(await got()).toBe(1);
    await isOver({ planned: 4, accepted: 4 });
  });

  it('gets it in time where the send goes on for other readers’ hours', async () => {
    await ctx.db.updateTable('subscriptions').set({ hour: 9 }).where('subscriber_id', '=', from).execute();
    const [late = 0] = await seedReaders(ctx.db, {
      newsletterId,
      count: 1,
      at: new Date(morning.getTime() - 24 * hourMs),
      prefix: `late.${nth}.`,
    });
    await ctx.db.updateTable('subscriptions').set({ hour: 20 }).where('subscriber_id', '=', late).execute();
    await begin(ctx, editionId, 5);
    await mergeThem();
    await bellRings();
    expect(await rescueDeliveries(ctx)).toMatchObject({ merged: 0 });
    expect(await got()).toBe(0);
    ctx.clock.setLocal('2026-07-14', '09:00', 'America/New_York');
    await ctx.db.updateTable('workers').set({ heartbeat_at: ctx.clock.now() }).execute();
    await bellRings();
    expect(await rescueDeliveries(ctx)).toMatchObject({ merged: 1 });
    await bellRings();
    expect([await got(), await stateOf(ctx, editionId)]).toEqual([1, 'sending']);
    await assertClosedBooks(ctx, editionId);
    ctx.clock.setLocal('2026-07-14', '20:00', 'America/New_York');
    await ctx.db.updateTable('workers').set({ heartbeat_at: ctx.clock.now() }).execute();
    await bellRings();
    await isOver({ planned: 6, accepted: 5, skipped: 1 });
  });

  it('gets it once from whoever it was handed on by, and however often it is looked for', async () => {
    const at = new Date(morning.getTime() - 24 * hourMs);
    const [second = 0] = await seedReaders(ctx.db, { newsletterId, count: 1, at, prefix: `second.${nth}.` });
    await ctx.db
      .updateTable('subscriptions')
      .set({ state: 'unsubscribed' })
      .where('subscriber_id', '=', second)
      .execute();
    await begin(ctx, editionId, 4);
    await mergeThem(from, second);
    await mergeThem(second, into);
    // Paused, so that nothing but these calls looks for it.
    await pauseSend(ctx, { editionId, by: 'test' });
    await ctx.db
      .updateTable('deliveries')
      .set({ state: 'skipped', class: 'erased', settled_at: morning })
      .where('edition_id', '=', editionId)
      .where('subscriber_id', '=', from)
      .execute();
    await verifySend(ctx, editionId);
    const planned = await Promise.all([1, 2, 3, 4].map(() => planMerged(ctx, editionId)));
    expect(planned.toSorted()).toEqual([0, 0, 0, 1]);
    await assertClosedBooks(ctx, editionId);
    await resumeSend(ctx, { editionId });
    await bellRings();
    expect([await got(), await got(`second.${nth}.1@readers.example`)]).toEqual([1, 0]);
    await isOver({ planned: 5, accepted: 4, skipped: 1 });
  });

  it.each([
    ['has theirs from before', { state: 'accepted', class: null, settled_at: morning }],
    ['may have it, since it was in doubt and sent again', { state: 'skipped', class: 'erased', resends: 1 }],
    ['had left it when their turn came', { state: 'skipped', class: 'unsubscribed' }],
  ] as const)('gets none when the one who moved %s', async (_, row) => {
    await begin(ctx, editionId, 4);
    await mergeThem();
    await ctx.db
      .updateTable('deliveries')
      .set(row)
      .where('edition_id', '=', editionId)
      .where('subscriber_id', '=', from)
      .execute();
    await verifySend(ctx, editionId);
    await bellRings();
    expect(await got()).toBe(0);
    await isOver({ planned: 4 });
  });

  it('gets none of a newsletter that they leave meanwhile, nor of a send that is cancelled', async () => {
    await begin(ctx, editionId, 4);
    await mergeThem();
    await unsubscribe(ctx, { subscriberId: into, newsletterId, method: 'page', actor: 'reader' });
    await bellRings();
    await isOver({ planned: 4, accepted: 3, skipped: 1 });

    const at = new Date(morning.getTime() - 24 * hourMs);
    const [moves = 0] = await seedReaders(ctx.db, { newsletterId, count: 1, at, prefix: `again.${nth}.` });
    const next = await seedReadyEdition(ctx.db, { newsletterId, at: morning, slotDate: '2026-07-15' });
    await begin(ctx, next, 4);
    await mergeThem(moves);
    await cancelSend(ctx, { editionId: next });
    expect(await planMerged(ctx, next)).toBe(0);
    expect(await assertClosedBooks(ctx, next)).toMatchObject({ planned: 4, cancelled: 4 });
    expect(await got()).toBe(0);
  });
});
