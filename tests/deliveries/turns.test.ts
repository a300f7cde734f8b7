import { afterEach, describe, expect, it } from 'vitest';
import { deliver } from '../../src/deliveries/deliver.ts';
import { handsOf } from '../../src/deliveries/hands.ts';
import { morning, testContext } from '../support/context.ts';
import { scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { asWorker, begin, countsOf } from '../support/sending.ts';
import { until } from '../support/until.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Shorter than the relay takes for one mail: a turn is over when its first batch is through. */
const turnMs = 500;
const relayMs = 1_500;

/** Four batches of one reader each, both places of the process taken, and nobody who answers bells. */
async function stage() {
  const smtp = await scriptedSmtp({ dot: { waitMs: relayMs } });
  closers.push(() => smtp.close());
  const ctx = await asWorker(
    await testContext({ smtpUrl: `smtp://127.0.0.1:${smtp.port}`, env: { SMTP_CONNECTIONS: '4' } }),
  );
  closers.push(() => ctx.close());
  const newsletterId = await seedNewsletter(ctx.db, { at: morning });
  for (const domain of ['gmail.com', 'yahoo.com', 'outlook.com', 'icloud.com']) {
    await seedReaders(ctx.db, { newsletterId, count: 1, at: morning, domain, prefix: 'r' });
  }
  const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
  await begin(ctx, editionId, 4);
  handsOf(ctx).lanes.enter(undefined);
  const turn = deliver(ctx, { editionId, batchNo: 1 }, turnMs);
  await until(() => handsOf(ctx).lanes.healthyPlaces === 2);
  return { ctx, editionId, turn };
}

describe('a turn', () => {
  it('ends when its time is over, and leaves the rest to the next bell', async () => {
    const { ctx, editionId, turn } = await stage();
    expect(await turn).toMatchObject({ kind: 'done', tally: { accepted: 1 } });
    expect(await countsOf(ctx, editionId)).toMatchObject({ accepted: 1, queued: 3 });
  });

  it('is followed by another when a bell found no place meanwhile: that bell may have been the only one', async () => {
    const { ctx, editionId, turn } = await stage();
    expect(await deliver(ctx, { editionId, batchNo: 2 })).toEqual({ kind: 'in_turn' });
    expect(await turn).toMatchObject({ kind: 'done', tally: { accepted: 1 } });
    expect(await countsOf(ctx, editionId), 'one more batch for one more bell').toMatchObject({
      accepted: 2,
      queued: 2,
    });
  });

  it('rings for as many batches as a process has places when it ends, since a bell may go to one that is busy', async () => {
    const { ctx, editionId, turn } = await stage();
    const rung: unknown[] = [];
    const { ringAll } = ctx.queues;
    ctx.queues.ringAll = (name, payloads, options) => {
      rung.push(...payloads);
      return ringAll(name, payloads, options);
    };
    await turn;
    expect(rung).toEqual([
      { editionId, batchNo: 2 },
      { editionId, batchNo: 3 },
    ]);
  });
});
