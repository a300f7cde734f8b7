import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { freeBatches } from '../../src/deliveries/batches.ts';
import { deliver } from '../../src/deliveries/deliver.ts';
import { handsOf } from '../../src/deliveries/hands.ts';
import { steerLane } from '../../src/deliveries/steer-lane.ts';
import { morning, testContext } from '../support/context.ts';
import { scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, countsOf } from '../support/sending.ts';
import { until } from '../support/until.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const domains = ['gmail.com', 'yahoo.com', 'outlook.com', 'icloud.com', 'gmx.de', 'proton.me'];
/** About their messages the relay says nothing, until we give up on them after `dotMs`. */
const stalled = ['r1@gmail.com', 'r1@yahoo.com'];

/** A batch of so many readers at each domain, and more connections than stall. */
async function stage({ readers, dotMs }: { readers: number; dotMs: number }) {
  const recipient = new Map<number, string>();
  const smtp = await scriptedSmtp({
    rcpt: ({ connection, line }) => {
      recipient.set(connection, /<(.*)>/.exec(line)?.[1] ?? '');
      return undefined;
    },
    dot: ({ connection }) =>
      stalled.includes(recipient.get(connection) ?? '') ? { after: 'never' } : undefined,
  });
  closers.push(() => smtp.close());
  const ctx = await asWorker(
    await testContext({
      smtpUrl: `smtp://127.0.0.1:${smtp.port}`,
      env: { SMTP_CONNECTIONS: '6' },
      bulk: { connections: 6, timeouts: { dotMs } },
    }),
  );
  closers.push(() => ctx.close());
  const newsletterId = await seedNewsletter(ctx.db, { at: morning });
  for (const domain of domains)
    await seedReaders(ctx.db, { newsletterId, count: readers, at: morning, domain, prefix: 'r' });
  const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
  await begin(ctx, editionId, readers * domains.length);
  return { ctx, smtp, editionId };
}

describe('a relay that takes minutes over a message', () => {
  it('keeps no place: everyone else has their mail meanwhile, and the books close when it has given its answer or none', async () => {
    const { ctx, smtp, editionId } = await stage({ readers: 20, dotMs: 15_000 });
    const all = 20 * domains.length;
    const batches = await freeBatches(ctx.db, { editionId, now: ctx.clock.now(), limit: 100 });
    const turns = batches.map((batch) => deliver(ctx, batch));
    // Another message may have been written behind each, on its connection.
    await until(() => smtp.accepted.length >= all - 2 * stalled.length);
    await until(() => handsOf(ctx).lanes.healthyPlaces === 0, {
      what: 'places are free for the next edition',
    });
    const { unknown } = await countsOf(ctx, editionId);
    expect(unknown, 'nobody has given up on them yet').toBe(0);
    const ended = await Promise.all(turns);
    expect(ended.filter((one) => one.kind === 'done')).not.toEqual([]);
    // Who was behind them on the wire may be tried again later.
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ unknown: stalled.length, refused: 0 });
    expect(handsOf(ctx).batches.size).toBe(0);
  });

  it('counts where a lane has a limit: no more are at it at once than an operator said', async () => {
    const { ctx, editionId } = await stage({ readers: 1, dotMs: 6_000 });
    await steerLane(ctx, { lane: 'gmail', order: { do: 'slow', connections: 1 }, by: 'rina' });
    const batches = await freeBatches(ctx.db, { editionId, now: ctx.clock.now(), lane: 'gmail', limit: 100 });
    const [batch] = batches;
    if (!batch) throw new Error('no batch');
    const turn = deliver(ctx, batch);
    await until(() => handsOf(ctx).batches.size === 1);
    await pause(3_000);
    expect(await deliver(ctx, batch), 'its place is taken').toEqual({ kind: 'in_turn' });
    expect(handsOf(ctx).batches.size).toBe(1);
    expect((await turn).kind).toBe('done');
  });
});
