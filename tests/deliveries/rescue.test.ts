import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deliver } from '../../src/deliveries/deliver.ts';
import { fanOut } from '../../src/deliveries/fan-out.ts';
import { pruneDeliveries } from '../../src/deliveries/prune.ts';
import { requestSend } from '../../src/deliveries/request-send.ts';
import { type DeliveriesRescued, rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { retry } from '../../src/deliveries/retry.ts';
import { retryFailures } from '../../src/deliveries/retry-failures.ts';
import { startSend } from '../../src/deliveries/start-send.ts';
import { verifySend } from '../../src/deliveries/verify-send.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { type Script, type ScriptedSmtp, scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedSend } from '../support/seed.ts';
import {
  assertClosedBooks,
  asWorker,
  begin,
  countsOf,
  deliverFree,
  deliveryOf,
  stateOf,
} from '../support/sending.ts';

let ctx: TestContext & { workerId: number };
let smtp: ScriptedSmtp;
const script: Script = {};
const minuteMs = 60_000;
const by = { name: 'test', mode: 'live' as const };

beforeEach(async () => {
  for (const step of Object.keys(script)) delete script[step as keyof Script];
  smtp = await scriptedSmtp(script);
  ctx = await asWorker(
    await testContext({ smtpUrl: `smtp://127.0.0.1:${smtp.port}`, env: { SMTP_CONNECTIONS: '4' } }),
  );
});
afterEach(async () => {
  await ctx.close();
  await smtp.close();
});

const nothing: DeliveriesRescued = {
  batchesFreed: 0,
  unknown: 0,
  startsRung: 0,
  fanOutsRung: 0,
  batchesRung: 0,
  retried: 0,
  cancelled: 0,
  strays: 0,
  merged: 0,
  finished: 0,
  paused: 0,
  verified: 0,
  mended: 0,
};

describe('rescue', () => {
  it('finds nothing where nothing was dropped, and verifies a finished send once', async () => {
    expect(await rescueDeliveries(ctx)).toEqual(nothing);
    const { editionId } = await seedSend(ctx.db, { readers: 10, at: morning });
    await begin(ctx, editionId, 10);
    await deliverFree(ctx, editionId);
    expect(await rescueDeliveries(ctx)).toEqual({ ...nothing, verified: 1 });
    expect(await rescueDeliveries(ctx)).toEqual(nothing);
  });

  it('rings again at every step whose bell was lost, until the edition is sent', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 10, at: morning });
    await requestSend(ctx, { editionId, expectRecipients: 10, holdSeconds: 60, by });
    expect(await rescueDeliveries(ctx)).toEqual(nothing);
    ctx.clock.advance(minuteMs);
    expect(await rescueDeliveries(ctx)).toMatchObject({ startsRung: 1 });
    await startSend(ctx, { editionId });
    expect(await rescueDeliveries(ctx)).toMatchObject({ startsRung: 0, fanOutsRung: 1 });
    await fanOut(ctx, { editionId, after: 0 });
    expect(await rescueDeliveries(ctx)).toMatchObject({ fanOutsRung: 0, batchesRung: 1 });
    await deliver(ctx, { editionId, batchNo: 1 });
    // The last word was lost as well: the books close, and nobody has said so.
    await ctx.db.updateTable('editions').set({ state: 'sending' }).execute();
    await ctx.db.updateTable('sends').set({ finished_at: null }).execute();
    expect(await rescueDeliveries(ctx)).toMatchObject({ finished: 1, verified: 1 });
    expect(await stateOf(ctx, editionId)).toBe('sent');
  });

  it('gathers deliveries that stand in no open batch', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 10, at: morning });
    await begin(ctx, editionId, 10);
    await ctx.db.updateTable('delivery_batches').set({ done_at: morning }).execute();
    await ctx.db
      .updateTable('deliveries')
      .set({ state: 'sending', claim: 1, worker_id: 999 })
      .where('subscriber_id', 'in', (eb) => eb.selectFrom('deliveries').select('subscriber_id').limit(3))
      .execute();
    expect(await rescueDeliveries(ctx)).toMatchObject({ strays: 10 });
    await assertClosedBooks(ctx, editionId);
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 7, unknown: 3 });
    expect(await stateOf(ctx, editionId)).toBe('sent');
    const counted = 'dateline_deliveries_total{lane="other",state="unknown"} 3\n';
    expect(ctx.metrics.text(), 'an alarm on unknown ones sees them').toContain(counted);
  });

  it('takes back a lease that a job of this process has left behind', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 10, at: morning });
    await begin(ctx, editionId, 10);
    await ctx.db
      .updateTable('delivery_batches')
      .set({ worker_id: ctx.workerId, leased_at: morning })
      .execute();
    expect(await rescueDeliveries(ctx)).toMatchObject({ batchesFreed: 0 });
    ctx.clock.advance(2 * minuteMs);
    await ctx.db.updateTable('workers').set({ heartbeat_at: ctx.clock.now() }).execute();
    expect(await rescueDeliveries(ctx)).toMatchObject({ batchesFreed: 1, unknown: 0, batchesRung: 1 });
  });

  it('mends books that were wrong, loudly, and by exactly the difference', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 10, at: morning });
    await begin(ctx, editionId, 10);
    await deliverFree(ctx, editionId);
    await ctx.db
      .updateTable('send_counts')
      .set({ accepted: 7, queued: 2 })
      .where('shard', '=', ctx.workerId % 16)
      .execute();
    const { agreed, off } = await verifySend(ctx, editionId);
    expect(agreed).toBe(false);
    expect(off).toEqual({ other: { accepted: 3, queued: -12 } });
    expect(ctx.logged()).toContain('the books were wrong and are mended');
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 10, queued: 0 });
    expect(await verifySend(ctx, editionId)).toMatchObject({ agreed: true, off: {} });
  });
});

describe('trying again', () => {
  it('waits 5, 10, 20 … minutes more or less, and gives up at the deadline as expired', async () => {
    script.rcpt = '451 4.3.0 try later';
    const { editionId, subscriberIds } = await seedSend(ctx.db, { readers: 1, at: morning });
    const [id = 0] = subscriberIds;
    await begin(ctx, editionId, 1);
    const waits: number[] = [];
    for (let round = 0; round < 30; round += 1) {
      await deliverFree(ctx, editionId);
      const { state, due_at, attempts } = await deliveryOf(ctx, editionId, id);
      if (state !== 'deferred') break;
      expect(attempts).toBe(round + 1);
      waits.push((due_at.getTime() - ctx.clock.now().getTime()) / minuteMs);
      expect(await retry(ctx, { editionId })).toBe(0);
      ctx.clock.set(due_at);
      expect(await retry(ctx, { editionId })).toBe(1);
      expect(await retry(ctx, { editionId })).toBe(0);
    }
    const planned = [5, 10, 20, 40, 80, 160, 240, 240, 240, 240];
    for (const [index, minutes] of planned.slice(0, waits.length - 1).entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(minutes * 0.8);
      expect(waits[index]).toBeLessThanOrEqual(minutes * 1.2);
    }
    expect(waits.length).toBeGreaterThan(6);
    expect(await deliveryOf(ctx, editionId, id)).toMatchObject({ state: 'refused', class: 'expired' });
    expect(ctx.clock.now().getTime()).toBe(morning.getTime() + 24 * 60 * minuteMs);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ refused: 1 });
    expect(await stateOf(ctx, editionId)).toBe('sent');
  });

  it('O26 never resends an unknown outcome by itself, and does so once where the newsletter asks for it', async () => {
    script.dot = { say: '250 ok', unsaid: true, after: 'drop' };
    const held = await seedSend(ctx.db, { readers: 1, at: morning });
    await begin(ctx, held.editionId, 1);
    await deliverFree(ctx, held.editionId);
    ctx.clock.advance(10 * minuteMs);
    expect(await retry(ctx, { editionId: held.editionId })).toBe(0);
    await ctx.db.updateTable('newsletters').set({ unknown_policy: 'resend-once' }).execute();
    expect((await rescueDeliveries(ctx)).retried).toBe(1);
    await deliverFree(ctx, held.editionId);
    expect(await assertClosedBooks(ctx, held.editionId)).toMatchObject({ unknown: 1 });
    ctx.clock.advance(10 * minuteMs);
    expect((await rescueDeliveries(ctx)).retried).toBe(0);
    expect(smtp.accepted).toHaveLength(2);
    const ids = smtp.bodies.map((body) => /^Message-ID: (.*)$/m.exec(body)?.[1]);
    expect(ids[0]).toBeDefined();
    expect(ids[1]).toBe(ids[0]);
  });

  it('O26 retries a group of failures when an operator says so, and never one that was accepted', async () => {
    script.rcpt = ({ line }) => (line.includes('reader1@') ? '552 5.2.2 mailbox full' : '250 ok');
    const { editionId, subscriberIds } = await seedSend(ctx.db, { readers: 5, at: morning });
    await begin(ctx, editionId, 5);
    await deliverFree(ctx, editionId);
    expect(await stateOf(ctx, editionId)).toBe('sent');
    delete script.rcpt;
    const [full = 0, fine = 0] = subscriberIds;
    expect(await retryFailures(ctx, { editionId, what: { subscriberId: fine }, by: 'test' })).toBe(0);
    expect(await retryFailures(ctx, { editionId, what: { class: 'dead' }, by: 'test' })).toBe(0);
    expect(await retryFailures(ctx, { editionId, what: { class: 'full' }, by: 'test' })).toBe(1);
    expect(await retryFailures(ctx, { editionId, what: { class: 'full' }, by: 'test' })).toBe(0);
    expect(await countsOf(ctx, editionId)).toMatchObject({ queued: 1, refused: 0 });
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 5, queued: 0 });
    expect(smtp.accepted.filter((one) => one === 'reader1@readers.example')).toHaveLength(1);
    expect(await deliveryOf(ctx, editionId, full)).toMatchObject({ state: 'accepted', class: null });
    expect(new Set(smtp.accepted).size).toBe(smtp.accepted.length);
  });
});

describe('after 400 days', () => {
  it('deletes the rows of a send and keeps its figures', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 5, at: morning });
    await begin(ctx, editionId, 5);
    await deliverFree(ctx, editionId);
    const later = (days: number) => new Date(morning.getTime() + days * 24 * 60 * minuteMs);
    expect(await pruneDeliveries(ctx.db, later(399))).toBe(0);
    expect(await pruneDeliveries(ctx.db, later(401))).toBe(5);
    expect(await pruneDeliveries(ctx.db, later(401))).toBe(0);
    expect(await countsOf(ctx, editionId)).toMatchObject({ planned: 5, accepted: 5 });
  });

  it('never takes the rows that are left for the truth, and rescue looks past such a send', async () => {
    const { editionId, subscriberIds } = await seedSend(ctx.db, { readers: 5, at: morning });
    await begin(ctx, editionId, 5);
    await deliverFree(ctx, editionId);
    ctx.clock.advance(401 * 24 * 60 * minuteMs);
    // As a deletion that was interrupted leaves it.
    await ctx.db.deleteFrom('deliveries').where('subscriber_id', 'in', subscriberIds.slice(0, 2)).execute();
    await expect(verifySend(ctx, editionId)).rejects.toMatchObject({ status: 409, code: 'pruned' });
    expect(await rescueDeliveries(ctx)).toMatchObject({ verified: 0, mended: 0 });
    expect(await countsOf(ctx, editionId)).toMatchObject({ planned: 5, accepted: 5 });
    expect(await pruneDeliveries(ctx.db, ctx.clock.now())).toBe(3);
  });
});
