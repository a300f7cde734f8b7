import { afterEach, describe, expect, it } from 'vitest';
import { deliver } from '../../src/deliveries/deliver.ts';
import { forgetTrouble } from '../../src/deliveries/forget-trouble.ts';
import { laneOfExchange, wellKnownLane } from '../../src/deliveries/lane-names.ts';
import { pauseMsOf, troubleOf } from '../../src/deliveries/lane-policy.ts';
import { writeTrouble } from '../../src/deliveries/lane-queries.ts';
import { listLanes } from '../../src/deliveries/list-lanes.ts';
import { lookUpLanes } from '../../src/deliveries/look-up-lanes.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { steerLane } from '../../src/deliveries/steer-lane.ts';
import { verifySend } from '../../src/deliveries/verify-send.ts';
import { classifyReply } from '../../src/platform/mail/smtp-reply.ts';
import { registerWorker } from '../../src/platform/queue/workers.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { nameServer } from '../support/name-server.ts';
import { type Script, type ScriptedSmtp, scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, deliverFree, stateOf } from '../support/sending.ts';

const minuteMs = 60_000;
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An edition on its way to readers at several domains. */
async function stage(script: Script, readers: Record<string, number>, connections = 4) {
  const smtp: ScriptedSmtp = await scriptedSmtp(script);
  closers.push(() => smtp.close());
  const ctx = await asWorker(
    await testContext({
      smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
      env: { SMTP_CONNECTIONS: String(connections) },
      bulk: { connections },
    }),
  );
  closers.push(() => ctx.close());
  const at = new Date(morning.getTime() - 24 * 60 * minuteMs);
  const newsletterId = await seedNewsletter(ctx.db, { at });
  for (const [domain, count] of Object.entries(readers)) {
    await seedReaders(ctx.db, { newsletterId, count, at, domain, prefix: 'r' });
  }
  const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
  await begin(
    ctx,
    editionId,
    Object.values(readers).reduce((sum, count) => sum + count, 0),
  );
  return { ctx, smtp, editionId };
}

async function laneCounts(ctx: TestContext, editionId: number): Promise<Record<string, object>> {
  const rows = await ctx.db
    .selectFrom('send_counts')
    .select((eb) => [
      'lane',
      eb.fn.sum<number>('planned').as('planned'),
      eb.fn.sum<number>('accepted').as('accepted'),
      eb.fn.sum<number>('queued').as('queued'),
    ])
    .where('edition_id', '=', editionId)
    .groupBy('lane')
    .execute();
  return Object.fromEntries(
    rows.map(({ lane, planned, accepted, queued }) => [
      lane,
      { planned: Number(planned), accepted: Number(accepted), queued: Number(queued) },
    ]),
  );
}

describe('the lanes of a send', () => {
  it('are the mailbox providers, the large domains, and one that all others share; each closes its books', async () => {
    const { ctx, editionId } = await stage(
      {},
      { 'gmail.com': 30, 'hotmail.co.uk': 10, 'telkom.example': 210, 'small.example': 5, 'tiny.example': 2 },
    );
    expect(await laneCounts(ctx, editionId)).toMatchObject({
      gmail: { planned: 30 },
      outlook: { planned: 10 },
      'telkom.example': { planned: 210 },
      other: { planned: 7 },
    });
    await deliverFree(ctx, editionId);
    expect(await laneCounts(ctx, editionId)).toEqual({
      gmail: { planned: 30, accepted: 30, queued: 0 },
      outlook: { planned: 10, accepted: 10, queued: 0 },
      'telkom.example': { planned: 210, accepted: 210, queued: 0 },
      other: { planned: 7, accepted: 7, queued: 0 },
    });
    expect(await verifySend(ctx, editionId)).toMatchObject({ agreed: true });
  });

  it('take turns in the batches, so that the many do not stand in front of the few', async () => {
    const { ctx, editionId } = await stage({}, { 'gmail.com': 900, 'yahoo.com': 40 });
    const batches = await ctx.db
      .selectFrom('delivery_batches')
      .select('lane')
      .where('edition_id', '=', editionId)
      .orderBy('no')
      .execute();
    expect(batches.map((one) => one.lane)).toEqual(['gmail', 'yahoo', 'gmail']);
  });

  it('come from the MX of a domain, which is looked up beside a send and never for it', async () => {
    const dns = await nameServer({
      'paper.example': 'aspmx.l.google.com',
      'council.example': 'council-example.mail.protection.outlook.com',
      'own.example': 'mail.own.example',
    });
    closers.push(dns.close);
    const { ctx, editionId } = await stage(
      {},
      { 'paper.example': 3, 'council.example': 3, 'own.example': 3, 'gone.example': 1 },
    );
    expect(await laneCounts(ctx, editionId)).toMatchObject({ other: { planned: 10 } });
    expect(await lookUpLanes(ctx), 'off where mail goes to the trap').toBe(0);
    Object.assign(ctx.config, { mxCheck: true, dnsServers: [dns.address] });
    expect(await lookUpLanes(ctx)).toBe(4);
    const known = await ctx.db
      .selectFrom('mail_domains')
      .select(['domain', 'lane'])
      .orderBy('domain')
      .execute();
    expect(known).toEqual([
      { domain: 'council.example', lane: 'outlook' },
      { domain: 'gone.example', lane: null },
      { domain: 'own.example', lane: null },
      { domain: 'paper.example', lane: 'gmail' },
    ]);
    const asked = dns.asked.length;
    expect(await lookUpLanes(ctx), 'once a week').toBe(0);
    expect(dns.asked).toHaveLength(asked);
    ctx.clock.advance(8 * 24 * 60 * minuteMs);
    expect(await lookUpLanes(ctx)).toBe(4);
  });

  it('are named by what providers call their hosts and domains', () => {
    expect(wellKnownLane('googlemail.com')).toBe('gmail');
    expect(wellKnownLane('yahoo.co.id')).toBe('yahoo');
    expect(wellKnownLane('yahoo.com.example')).toBeUndefined();
    expect(laneOfExchange('MTA7.am0.yahoodns.net.')).toBe('yahoo');
    expect(laneOfExchange('mx01.mail.icloud.com')).toBe('icloud');
    expect(laneOfExchange('notgoogle.com')).toBeUndefined();
  });
});

describe('a lane in trouble', () => {
  it('O24 rests alone when its domain answers 421: all others get everything, and it comes back slowly', async () => {
    let sick = true;
    const { ctx, smtp, editionId } = await stage(
      { rcpt: ({ line }) => (sick && line.includes('@gmail.com') ? '421 4.7.0 try again later' : '250 ok') },
      { 'gmail.com': 120, 'yahoo.com': 120, 'small.example': 20 },
    );
    await deliverFree(ctx, editionId);
    const counts = await laneCounts(ctx, editionId);
    expect(counts).toMatchObject({
      yahoo: { accepted: 120, queued: 0 },
      other: { accepted: 20, queued: 0 },
      gmail: { accepted: 0 },
    });
    // The circuit opened after five in a row: most of the lane was never tried, and used up nothing.
    expect((counts.gmail as { queued: number }).queued).toBeGreaterThan(90);
    const [resting] = await listLanes(ctx.db);
    expect(resting).toMatchObject({ lane: 'gmail', probe: 1, lastAnswer: '421 4.7.0 try again later' });
    expect(resting?.backOffUntil?.getTime()).toBeGreaterThan(morning.getTime());
    await assertClosedBooks(ctx, editionId);

    sick = false;
    for (let round = 0; round < 6 && (await stateOf(ctx, editionId)) === 'sending'; round += 1) {
      ctx.clock.advance(8 * minuteMs);
      await ctx.db.updateTable('workers').set({ heartbeat_at: ctx.clock.now() }).execute();
      await rescueDeliveries(ctx);
      await deliverFree(ctx, editionId);
    }
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 260 });
    expect(smtp.accepted.length).toBe(new Set(smtp.accepted).size);
  });

  it('is a small domain’s own, and takes its readers out of the lane that they share', async () => {
    const { ctx, editionId } = await stage(
      { rcpt: ({ line }) => (line.includes('@sick.example') ? '451 4.7.1 throttled, slow down' : '250 ok') },
      { 'sick.example': 40, 'well.example': 40 },
    );
    await deliverFree(ctx, editionId);
    const counts = await laneCounts(ctx, editionId);
    expect(counts).toMatchObject({ other: { accepted: 40, queued: 0 } });
    expect((counts['sick.example'] as { queued: number }).queued).toBeGreaterThan(0);
    expect((await listLanes(ctx.db)).map((one) => one.lane)).toEqual(['sick.example']);
    expect(await verifySend(ctx, editionId)).toMatchObject({ agreed: true });
    await assertClosedBooks(ctx, editionId);
    expect(await forgetTrouble(ctx.db, ctx.clock.now()), 'not while it is fresh').toBe(0);
    ctx.clock.advance(2 * 24 * 60 * minuteMs);
    expect(await forgetTrouble(ctx.db, ctx.clock.now()), 'after a day of silence').toBe(1);
    expect(await listLanes(ctx.db)).toEqual([]);
  });

  it('recovers from Gmail’s 4.7.28 as Gmail says: ten minutes, one connection, ten more, then one at a time', async () => {
    let mood: 'quota' | 'well' = 'quota';
    let atOnce = 0;
    let atOnceMax = 0;
    const { ctx, editionId } = await stage(
      {
        rcpt: () => (mood === 'quota' ? '421 4.7.28 unusual rate of unsolicited email' : '250 ok'),
        data: () => {
          atOnce += 1;
          atOnceMax = Math.max(atOnceMax, atOnce);
          return '354 go ahead';
        },
        dot: () => {
          atOnce -= 1;
          return { say: '250 ok', waitMs: 5 };
        },
      },
      { 'gmail.com': 60 },
    );
    const lane = async () => (await listLanes(ctx.db))[0];
    await deliverFree(ctx, editionId);
    const firstRest = (await lane())?.backOffUntil;
    const again = { lastAnswer: 'the next of the same burst', now: new Date(morning.getTime() + 1) };
    const trouble = { kind: 'quota', pauseMs: 10 * minuteMs, doubles: false, probe: 1 } as const;
    expect(await writeTrouble(ctx.db, 'gmail', trouble, again), 'a burst is one trouble').toBeUndefined();
    expect(firstRest?.getTime()).toBe(morning.getTime() + 10 * minuteMs);
    ctx.clock.advance(11 * minuteMs);
    await deliverFree(ctx, editionId);
    expect((await lane())?.backOffUntil?.getTime(), 'it fails: ten minutes more').toBe(
      ctx.clock.now().getTime() + 10 * minuteMs,
    );
    mood = 'well';
    atOnce = 0;
    atOnceMax = 0;
    ctx.clock.advance(11 * minuteMs);
    await ctx.db.updateTable('workers').set({ heartbeat_at: ctx.clock.now() }).execute();
    await deliverFree(ctx, editionId);
    const probe = (await lane())?.probe ?? 0;
    expect(probe).toBeGreaterThan(1);
    expect(probe).toBeLessThan(8);
    expect(atOnceMax).toBeLessThanOrEqual(probe);
    await assertClosedBooks(ctx, editionId);
  });

  it('knows what each answer means for others, and for how long', () => {
    const seen = (phase: 'mail' | 'rcpt' | 'dot', code: number, status: string | undefined, text: string) =>
      troubleOf({ phase, code, status, text, class: classifyReply({ phase, code, status, text }).class });
    expect(
      seen('rcpt', 450, '4.2.1', 'The user you are contacting is receiving mail too quickly'),
    ).toBeUndefined();
    expect(seen('rcpt', 550, '5.1.1', 'no such user')).toBeUndefined();
    expect(
      seen('mail', 421, undefined, 'too many connections'),
      'our relay’s, not the reader’s',
    ).toBeUndefined();
    expect(seen('dot', 421, '4.7.28', 'unusual rate')).toMatchObject({ kind: 'quota', probe: 1 });
    expect(seen('dot', 421, '4.7.0', '[TSS04] temporarily deferred')).toMatchObject({
      pauseMs: 120 * minuteMs,
    });
    expect(seen('rcpt', 451, '4.7.650', 'rate limited due to IP reputation (S775)')).toMatchObject({
      pauseMs: 30 * minuteMs,
    });
    expect(seen('rcpt', 550, '5.7.1', 'blocked using spamhaus')).toMatchObject({ kind: 'reputation' });
    const busy = seen('rcpt', 421, '4.7.0', 'too many concurrent connections');
    if (!busy) throw new Error('too many connections is trouble');
    expect([0, 1, 2, 30].map((failures) => pauseMsOf(busy, failures) / minuteMs)).toEqual([0.5, 1, 2, 120]);
  });
});

describe('an operator', () => {
  it('pauses, slows and resumes a lane for every worker, and the others go on', async () => {
    const { ctx, editionId } = await stage({}, { 'gmail.com': 60, 'yahoo.com': 30, 'club.example': 4 });
    await steerLane(ctx, { lane: 'gmail', order: { do: 'pause' }, by: 'rina' });
    await steerLane(ctx, { lane: 'club.example', order: { do: 'pause', reason: 'they asked' }, by: 'rina' });
    await deliverFree(ctx, editionId);
    expect(await laneCounts(ctx, editionId)).toMatchObject({
      gmail: { accepted: 0, queued: 60 },
      yahoo: { accepted: 30 },
      'club.example': { accepted: 0, queued: 4 },
    });
    expect(await listLanes(ctx.db)).toMatchObject([
      { lane: 'club.example', state: 'paused', reason: 'they asked' },
      { lane: 'gmail', state: 'paused', changedBy: 'rina' },
    ]);
    await steerLane(ctx, { lane: 'gmail', order: { do: 'resume' }, by: 'rina' });
    await steerLane(ctx, { lane: 'club.example', order: { do: 'resume' }, by: 'rina' });
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 94, queued: 0 });
    expect(await listLanes(ctx.db)).toEqual([]);
    expect(await stateOf(ctx, editionId)).toBe('sent');
  });

  it('resumes a lane at once, also what was given back for a while, and leaves readers their hour', async () => {
    const { ctx, editionId } = await stage({}, { 'gmail.com': 3, 'yahoo.com': 2 });
    const dueAt = new Date(morning.getTime() + minuteMs);
    const later = ctx.db.updateTable('delivery_batches').set({ due_at: dueAt });
    await later.set({ leased_at: morning }).where('lane', '=', 'gmail').execute();
    await later.where('lane', '=', 'yahoo').execute();
    await steerLane(ctx, { lane: 'gmail', order: { do: 'resume' }, by: 'rina' });
    await steerLane(ctx, { lane: 'yahoo', order: { do: 'resume' }, by: 'rina' });
    await deliverFree(ctx, editionId);
    expect(await laneCounts(ctx, editionId)).toMatchObject({ gmail: { accepted: 3 }, yahoo: { queued: 2 } });
  });

  it('lets a slowed lane begin only so many at once, whichever worker keeps it', async () => {
    let atOnce = 0;
    let atOnceMax = 0;
    const { ctx, editionId } = await stage(
      {
        data: () => {
          atOnce += 1;
          atOnceMax = Math.max(atOnceMax, atOnce);
          return '354 go ahead';
        },
        dot: () => {
          atOnce -= 1;
          return { say: '250 ok', waitMs: 4 };
        },
      },
      { 'gmail.com': 40 },
    );
    await steerLane(ctx, { lane: 'gmail', order: { do: 'slow', connections: 2 }, by: 'rina' });
    const [batch] = await ctx.db
      .selectFrom('delivery_batches')
      .select(['edition_id as editionId', 'no as batchNo'])
      .execute();
    if (!batch) throw new Error('there is a batch');
    const other = await registerWorker(ctx.db, { host: 'there', pid: 2, roles: ['worker'] }, morning);
    await ctx.db.updateTable('lanes').set({ worker_id: other }).execute();
    expect((await deliver(ctx, batch)).kind, 'another worker keeps the limit').toBe('lane_closed');
    await ctx.db.updateTable('workers').set({ stopped_at: morning }).where('id', '=', other).execute();
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: 40 });
    expect(atOnceMax).toBe(2);
  });

  it('is told what is wrong with an order', async () => {
    const { ctx } = await stage({}, { 'gmail.com': 1 });
    await expect(
      steerLane(ctx, { lane: 'not a lane', order: { do: 'pause' }, by: 'rina' }),
    ).rejects.toMatchObject({ status: 422 });
    await expect(steerLane(ctx, { lane: 'gmail', order: { do: 'slow' }, by: 'rina' })).rejects.toThrow(
      /how slow/,
    );
    const half = { do: 'slow', connections: 0.5 } as const;
    await expect(steerLane(ctx, { lane: 'gmail', order: half, by: 'rina' })).rejects.toMatchObject({
      status: 422,
    });
  });

  it('cannot believe a lane held back whose readers’ mail goes in another: the name is refused, with the right one', async () => {
    const { ctx, editionId } = await stage({}, { 'gmail.com': 2, 'paper.example': 210 });
    const pause = (lane: string) => steerLane(ctx, { lane, order: { do: 'pause' }, by: 'rina' });
    await ctx.db
      .insertInto('mail_domains')
      .values([
        { domain: 'council.example', lane: 'outlook', mx_at: morning },
        { domain: 'club.example', lane: null, mx_at: morning },
      ])
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await expect(pause('gmail.com')).rejects.toThrow('Mail for gmail.com goes in the lane gmail');
    await expect(pause('council.example')).rejects.toThrow('goes in the lane outlook');
    await expect(pause('gmial')).rejects.toThrow('gmial is no lane: name gmail, outlook,');
    expect(await listLanes(ctx.db)).toEqual([]);
    await pause('club.example');
    await pause('other');
    // Its MX was found out only after this edition was planned: in this one the lane is its own.
    await ctx.db
      .updateTable('mail_domains')
      .set({ lane: 'gmail' })
      .where('domain', '=', 'paper.example')
      .execute();
    await pause('paper.example');
    await deliverFree(ctx, editionId);
    expect(await laneCounts(ctx, editionId)).toMatchObject({ 'paper.example': { accepted: 0, queued: 210 } });
    await ctx.db.updateTable('delivery_batches').set({ done_at: morning }).execute();
    await steerLane(ctx, { lane: 'paper.example', order: { do: 'resume' }, by: 'rina' });
    expect((await listLanes(ctx.db)).map((one) => one.lane)).toEqual(['club.example', 'other']);
  });
});
