import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { cancelSend } from '../../src/deliveries/cancel-send.ts';
import { deliver } from '../../src/deliveries/deliver.ts';
import { drainDeliveries } from '../../src/deliveries/drain.ts';
import { pauseSend } from '../../src/deliveries/pause-send.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { resumeSend } from '../../src/deliveries/resume-send.ts';
import { unsubscribe } from '../../src/subscribers/unsubscribe.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { freePort } from '../support/free-port.ts';
import { type Script, type ScriptedSmtp, scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedSend } from '../support/seed.ts';
import {
  anotherWorker,
  assertClosedBooks,
  asWorker,
  begin,
  countsOf,
  deliverFree,
  deliveryOf,
  stateOf,
} from '../support/sending.ts';
import { until } from '../support/until.ts';

const connections = 4;
const minuteMs = 60_000;

interface Stage {
  ctx: TestContext & { workerId: number };
  smtp: ScriptedSmtp;
  editionId: number;
  newsletterId: number;
  subscriberIds: number[];
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function stage(script: Script, readers: number, more: object = {}): Promise<Stage> {
  const smtp = await scriptedSmtp(script);
  closers.push(() => smtp.close());
  const ctx = await asWorker(
    await testContext({
      smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
      env: { SMTP_CONNECTIONS: String(connections) },
      bulk: { connections },
    }),
  );
  closers.push(() => ctx.close());
  const seeded = await seedSend(ctx.db, { readers, at: morning, ...more });
  await begin(ctx, seeded.editionId, readers);
  return { ctx, smtp, ...seeded };
}

function expectNobodyTwice(smtp: ScriptedSmtp): void {
  expect(smtp.accepted.length).toBe(new Set(smtp.accepted).size);
}

describe('what servers answer', () => {
  it('defers on 4xx and refuses on 5xx, each with its class, and everyone is accounted for', async () => {
    const { ctx, smtp, editionId } = await stage(
      {
        rcpt: ({ line }) => {
          const n = Number(/reader(\d+)@/.exec(line)?.[1]);
          if (n % 10 === 3) return '451 4.3.0 try later';
          if (n % 10 === 7) return '550 5.1.1 no such user';
          return '250 2.1.5 ok';
        },
      },
      100,
    );
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({
      accepted: 80,
      deferred: 10,
      refused: 10,
    });
    expect(await stateOf(ctx, editionId)).toBe('sending');
    const refused = await ctx.db
      .selectFrom('deliveries')
      .select(['class', 'smtp_code', 'status', 'text_masked'])
      .where('state', '=', 'refused')
      .executeTakeFirstOrThrow();
    expect(refused).toEqual({
      class: 'dead',
      smtp_code: 550,
      status: '5.1.1',
      text_masked: '550 5.1.1 no such user',
    });
    expectNobodyTwice(smtp);
    expect(smtp.accepted).toHaveLength(80);
  });

  it('suppresses dead addresses by the one policy, unless a provider’s whole flock dies at once', async () => {
    const { ctx, editionId, subscriberIds } = await stage(
      { rcpt: ({ line }) => (line.includes('reader1@') ? '550 5.1.1 no such user' : '250 ok') },
      60,
    );
    await deliverFree(ctx, editionId);
    const states = await ctx.db
      .selectFrom('subscribers')
      .select(['id', 'mail_state'])
      .where('mail_state', '=', 'suppressed')
      .execute();
    expect(states.map((one) => one.id)).toEqual([subscriberIds[0]]);
    const other = await stage({ rcpt: '550 5.1.1 no such user' }, 200);
    await deliverFree(other.ctx, other.editionId);
    // It pauses by itself; somebody who insists gets to the end.
    for (
      let insisted = 0;
      insisted < 20 && (await stateOf(other.ctx, other.editionId)) === 'paused';
      insisted += 1
    ) {
      other.ctx.clock.advance(2_000);
      await resumeSend(other.ctx, { editionId: other.editionId });
      await deliverFree(other.ctx, other.editionId);
    }
    expect(await assertClosedBooks(other.ctx, other.editionId)).toMatchObject({ refused: 200 });
    const suppressed = await other.ctx.db
      .selectFrom('subscribers')
      .select('id')
      .where('mail_state', '=', 'suppressed')
      .execute();
    expect(suppressed.length).toBeLessThan(60);
  });

  it('burns nobody’s tries when the server is too busy, and comes back', async () => {
    let busy = true;
    const { ctx, smtp, editionId, subscriberIds } = await stage(
      { rcpt: () => (busy ? '451 4.7.28 unusual rate of mail' : '250 ok') },
      8,
    );
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ deferred: 8 });
    const [first = 0] = subscriberIds;
    expect(await deliveryOf(ctx, editionId, first)).toMatchObject({ class: 'rate', attempts: 0 });
    // Gmail's own recovery: ten minutes of silence, then one connection.
    busy = false;
    ctx.clock.advance(11 * minuteMs);
    await rescueDeliveries(ctx);
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 8, deferred: 0 });
    expect(await stateOf(ctx, editionId)).toBe('sent');
    expectNobodyTwice(smtp);
  });

  it('keeps a connection lost before the dot for later, and one lost after it as unknown', async () => {
    const { ctx, smtp, editionId } = await stage(
      {
        rcpt: ({ line }) => (line.includes('reader5@') ? { after: 'drop' } : '250 ok'),
        dot: ({ nth }) => (nth === 6 ? { say: '250 ok', unsaid: true, after: 'drop' } : '250 ok'),
      },
      40,
    );
    await deliverFree(ctx, editionId);
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts.deferred).toBeGreaterThan(0);
    expect(counts.unknown).toBeGreaterThan(0);
    expect(counts.unknown).toBeLessThanOrEqual(2 * connections);
    expectNobodyTwice(smtp);
    // Those in doubt did arrive, and nobody sends them again by itself.
    ctx.clock.advance(7 * minuteMs);
    await rescueDeliveries(ctx);
    await deliverFree(ctx, editionId);
    expectNobodyTwice(smtp);
    expect((await assertClosedBooks(ctx, editionId)).unknown).toBeGreaterThanOrEqual(counts.unknown);
  });

  it('refuses an international address that the relay cannot take, in so many words', async () => {
    const { ctx, editionId, newsletterId } = await stage(
      { ehlo: '250-scripted|250-PIPELINING|250 8BITMIME' },
      2,
    );
    await ctx.db
      .updateTable('subscribers')
      .set({ email: 'grüße@readers.example', email_key: 'grüße@readers.example' })
      .where('email', '=', 'reader1@readers.example')
      .execute();
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 1, refused: 1 });
    const row = await ctx.db
      .selectFrom('deliveries')
      .select('class')
      .where('state', '=', 'refused')
      .executeTakeFirstOrThrow();
    expect(row.class).toBe('smtputf8');
    expect(newsletterId).toBeGreaterThan(0);
    expect(await ctx.db.selectFrom('bounces').select('id').execute()).toEqual([]);
  });
});

describe('what happens to relays', () => {
  it('waits in the queue while no relay can be reached, and goes on when it is back', async () => {
    const port = await freePort();
    const ctx = await asWorker(
      await testContext({
        smtpUrl: `smtp://127.0.0.1:${port}`,
        env: { SMTP_CONNECTIONS: '4' },
        bulk: { connections },
      }),
    );
    closers.push(() => ctx.close());
    const { editionId } = await seedSend(ctx.db, { readers: 30, at: morning });
    await begin(ctx, editionId, 30);
    const delivering = deliverFree(ctx, editionId);
    await until(async () => {
      const tried = ctx.db.selectFrom('deliveries').select('claim').where('claim', '>', 0);
      return tried.where('state', '=', 'queued').limit(1).executeTakeFirst();
    });
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ queued: 30 });
    const attempts = await ctx.db
      .selectFrom('deliveries')
      .select('attempts')
      .where('attempts', '>', 0)
      .execute();
    expect(attempts).toEqual([]);
    const smtp = await scriptedSmtp({ listenOn: port });
    closers.push(() => smtp.close());
    await delivering;
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 30 });
    expectNobodyTwice(smtp);
  });

  it('burns nobody’s tries at one that turns mail away after the dot, and goes on when it takes it again', async () => {
    let busy = true;
    const { ctx, smtp, editionId, subscriberIds } = await stage(
      { dot: ({ nth }) => (busy && nth > 2 ? '421 4.3.2 not now' : '250 ok') },
      60,
    );
    await deliverFree(ctx, editionId);
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts.accepted).toBeGreaterThan(0);
    expect(counts.deferred).toBeGreaterThan(0);
    expect(counts.deferred, 'at most what the open connections had in hand').toBeLessThanOrEqual(
      2 * connections,
    );
    expect(counts.queued).toBe(60 - counts.accepted - counts.deferred);
    expect(smtp.connections).toBeLessThanOrEqual(connections);
    const tries = await Promise.all(subscriberIds.map((id) => deliveryOf(ctx, editionId, id)));
    expect(tries.filter((one) => one?.state !== 'accepted' && one?.attempts !== 0)).toEqual([]);
    expect(await ctx.db.selectFrom('bounces').select('id').execute()).toEqual([]);
    busy = false;
    for (let round = 0; round < 6 && (await stateOf(ctx, editionId)) === 'sending'; round += 1) {
      ctx.clock.advance(8 * minuteMs);
      await ctx.db.updateTable('workers').set({ heartbeat_at: ctx.clock.now() }).execute();
      await rescueDeliveries(ctx);
      await deliverFree(ctx, editionId);
    }
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 60 });
    expectNobodyTwice(smtp);
  });
});

describe('what happens to the database', () => {
  it('goes on when every connection to it is cut, again and again, and loses no answer', async () => {
    const { ctx, smtp, editionId } = await stage({ dot: { waitMs: 20 } }, 200);
    const delivering = finishSoon(ctx, editionId);
    for (const taken of [20, 80, 140]) {
      await until(() => smtp.accepted.length >= taken);
      await cutConnections(ctx);
    }
    await delivering;
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 200, unknown: 0 });
    expectNobodyTwice(smtp);
  });
});

/** As the queue does: a job that throws is tried again. */
async function finishSoon(ctx: TestContext, editionId: number): Promise<void> {
  for (let attempt = 1; attempt <= 10; attempt += 1) {
    try {
      await deliver(ctx, { editionId, batchNo: 1 });
      if ((await countsOf(ctx, editionId)).queued === 0) return;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

/** As a restart of Postgres would, for this test's database alone. */
async function cutConnections(ctx: TestContext): Promise<void> {
  const { database, ...server } = ctx.database.config;
  const client = new pg.Client({ ...server, database: 'postgres', ssl: false });
  await client.connect();
  await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [database]);
  await client.end();
}

describe('what operators and readers do meanwhile', () => {
  it('O22 pauses: no transaction begins once the pause is seen, and resume goes on exactly', async () => {
    const { ctx, smtp, editionId } = await stage({ dot: { waitMs: 30 } }, 150);
    const delivering = deliver(ctx, { editionId, batchNo: 1 });
    await until(() => smtp.accepted.length >= 20);
    await pauseSend(ctx, { editionId, by: 'an editor' });
    const outcome = await delivering;
    expect(outcome.kind).toBe('freed');
    const atPause = smtp.accepted.length;
    expect(atPause).toBeLessThan(150);
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts).toMatchObject({ accepted: atPause, queued: 150 - atPause });
    expect(await deliver(ctx, { editionId, batchNo: 1 })).toEqual({ kind: 'not_to_be_had' });
    await expect(pauseSend(ctx, { editionId, by: 'an editor' })).rejects.toThrow('The edition is paused');
    await resumeSend(ctx, { editionId });
    ctx.clock.advance(minuteMs);
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 150, queued: 0 });
    expectNobodyTwice(smtp);
    expect(await stateOf(ctx, editionId)).toBe('sent');
  });

  it('pauses within seconds though the server is slow to answer: what was claimed and not begun goes back', async () => {
    const { ctx, smtp, editionId } = await stage({ dot: { waitMs: 1_500 } }, 60);
    const delivering = deliver(ctx, { editionId, batchNo: 1 });
    await until(() => smtp.connections >= connections);
    await pauseSend(ctx, { editionId, by: 'an editor' });
    await delivering;
    expect(smtp.accepted.length).toBeLessThanOrEqual(2 * connections);
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts.accepted).toBe(smtp.accepted.length);
    expect(counts.queued).toBe(60 - smtp.accepted.length);
  });

  it('cancels: what is on the wire is counted, the rest never leaves', async () => {
    const { ctx, smtp, editionId } = await stage({ dot: { waitMs: 30 } }, 700);
    const delivering = deliver(ctx, { editionId, batchNo: 1 });
    await until(() => smtp.accepted.length >= 20);
    await cancelSend(ctx, { editionId });
    await delivering;
    await rescueDeliveries(ctx);
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts).toMatchObject({ planned: 700, queued: 0, deferred: 0, accepted: smtp.accepted.length });
    expect(counts.cancelled).toBe(700 - smtp.accepted.length);
    expect(await stateOf(ctx, editionId)).toBe('cancelled');
    await expect(cancelSend(ctx, { editionId })).rejects.toThrow('The edition is cancelled');
    await deliverFree(ctx, editionId);
    expect(await countsOf(ctx, editionId)).toEqual(counts);
  });

  it('R40 leaves out who unsubscribed, paused, was suppressed or erased while queued, each with the reason', async () => {
    const { ctx, smtp, editionId, newsletterId, subscriberIds } = await stage({}, 20);
    const [left = 0, paused = 0, suppressed = 0, erased = 0] = subscriberIds;
    await unsubscribe(ctx, { subscriberId: left, newsletterId, method: 'one-click', actor: 'reader' });
    await ctx.db
      .updateTable('subscriptions')
      .set({ paused_until: new Date(morning.getTime() + 24 * 60 * minuteMs) })
      .where('subscriber_id', '=', paused)
      .execute();
    await ctx.db
      .updateTable('subscribers')
      .set({ mail_state: 'suppressed' })
      .where('id', '=', suppressed)
      .execute();
    await ctx.db
      .updateTable('subscribers')
      .set({ email: null, email_key: null, erased_at: morning })
      .where('id', '=', erased)
      .execute();
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 16, skipped: 4 });
    const reasons = [];
    for (const id of [left, paused, suppressed, erased]) {
      const { state, class: reason } = await deliveryOf(ctx, editionId, id);
      reasons.push(`${state} ${reason}`);
    }
    expect(reasons).toEqual([
      'skipped unsubscribed',
      'skipped paused',
      'skipped suppressed',
      'skipped erased',
    ]);
    for (const n of [1, 2, 3, 4]) expect(smtp.accepted).not.toContain(`reader${n}@readers.example`);
  });
});

describe('what happens to workers', () => {
  it('takes over from a worker that was declared dead, and believes its late answers', async () => {
    const { ctx, smtp, editionId } = await stage({ dot: { waitMs: 150 } }, 100);
    const other = await anotherWorker(ctx, `smtp://127.0.0.1:${smtp.port}`, connections);
    closers.push(other.close);
    const slow = deliver(ctx, { editionId, batchNo: 1 });
    await until(async () => ctx.mail.editions.inFlight() > 0);
    // No beat for two minutes: to the others this worker is dead, though it still waits for its answers.
    await ctx.db
      .updateTable('workers')
      .set({ heartbeat_at: new Date(morning.getTime() - 2 * minuteMs) })
      .where('id', '=', ctx.workerId)
      .execute();
    const report = await rescueDeliveries(other);
    expect(report.batchesFreed).toBe(1);
    expect(report.unknown).toBeGreaterThan(0);
    expect(report.unknown).toBeLessThanOrEqual(2 * connections);
    await assertClosedBooks(ctx, editionId);
    const [takenOver] = await Promise.all([deliver(other, { editionId, batchNo: 1 }), slow]);
    expect(takenOver.kind).toBe('done');
    expect((await slow).kind).toBe('lost');
    // Late answers were written over `unknown`: nobody was resent, nobody forgotten.
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts.unknown).toBe(0);
    await rescueDeliveries(other);
    await deliverFree(other, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 100 });
    expectNobodyTwice(smtp);
    expect(smtp.accepted).toHaveLength(100);
  });

  it('O23 leaves at most two per connection in doubt when a worker is gone, and sends nobody twice', async () => {
    const { ctx, smtp, editionId } = await stage(
      { dot: ({ nth }) => (nth > 5 ? { after: 'never' } : '250 ok') },
      100,
    );
    const doomed = await anotherWorker(ctx, `smtp://127.0.0.1:${smtp.port}`, connections);
    const dying = deliver(doomed, { editionId, batchNo: 1 });
    await until(() => smtp.accepted.length >= 4 * connections);
    // Its connections die with it; its answers are never written down.
    await ctx.db
      .updateTable('workers')
      .set({ stopped_at: morning })
      .where('id', '=', doomed.workerId)
      .execute();
    const taken = smtp.accepted.length;
    const report = await rescueDeliveries(ctx);
    expect(report.unknown).toBeGreaterThan(0);
    expect(report.unknown).toBeLessThanOrEqual(2 * connections);
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts.accepted + counts.unknown).toBeGreaterThanOrEqual(taken - 1);
    const working = await scriptedSmtp();
    closers.push(() => working.close());
    const fresh = await anotherWorker(ctx, `smtp://127.0.0.1:${working.port}`, connections);
    closers.push(fresh.close);
    await deliverFree(fresh, editionId);
    doomed.mail.editions.cut();
    expect((await dying).kind).toBe('lost');
    const end = await assertClosedBooks(ctx, editionId);
    expect(end.queued).toBe(0);
    const everyone = [...smtp.accepted, ...working.accepted];
    expect(everyone.length).toBe(new Set(everyone).size);
    expect(100 - new Set(everyone).size).toBeLessThanOrEqual(end.unknown);
  });

  it('drains: what is on the wire is finished, the rest is given back at once', async () => {
    const { ctx, smtp, editionId } = await stage({ dot: { waitMs: 100 } }, 100);
    const delivering = deliver(ctx, { editionId, batchNo: 1 });
    await until(() => smtp.accepted.length >= 8);
    drainDeliveries(ctx);
    drainDeliveries(ctx);
    const outcome = await delivering;
    expect(outcome.kind).toBe('freed');
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts).toMatchObject({ accepted: smtp.accepted.length, unknown: 0 });
    expect(counts.queued).toBe(100 - smtp.accepted.length);
    expect(await deliver(ctx, { editionId, batchNo: 1 })).toEqual({ kind: 'not_to_be_had' });
  });

  it('cut off while draining, leaves as unknown what was past its dot and as queued what was not', async () => {
    const { ctx, smtp, editionId } = await stage({ dot: { after: 'never' } }, 50);
    const delivering = deliver(ctx, { editionId, batchNo: 1 });
    await until(() => smtp.accepted.length === connections);
    drainDeliveries(ctx);
    ctx.mail.editions.cut();
    await delivering;
    const counts = await assertClosedBooks(ctx, editionId);
    expect(counts).toMatchObject({ unknown: connections, queued: 50 - connections, deferred: 0 });
  });

  it('gives a batch to one of two workers, and to one of two jobs of the same worker', async () => {
    const { ctx, smtp, editionId } = await stage({}, 120);
    const other = await anotherWorker(ctx, `smtp://127.0.0.1:${smtp.port}`, connections);
    closers.push(other.close);
    const job = { editionId, batchNo: 1 };
    const outcomes = await Promise.all([
      deliver(ctx, job),
      deliver(other, job),
      deliver(ctx, job),
      deliver(other, job),
    ]);
    expect(outcomes.map((one) => one.kind).sort()).toEqual([
      'done',
      'not_to_be_had',
      'not_to_be_had',
      'not_to_be_had',
    ]);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 120 });
    expectNobodyTwice(smtp);
  });
});
