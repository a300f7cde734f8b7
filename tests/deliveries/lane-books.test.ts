import { afterAll, describe, expect, it } from 'vitest';
import { readLaneBooks, sumOfBooks } from '../../src/deliveries/counts.ts';
import { addsUp } from '../../src/deliveries/delivery.ts';
import { estimateEnd } from '../../src/deliveries/estimate-end.ts';
import { laneTable } from '../../src/deliveries/progress-words.ts';
import { testDatabase } from '../support/database.ts';

const database = await testDatabase();
const { db } = database;
afterAll(() => database.close());
const now = new Date('2026-07-14T10:00:00Z');

/** Twenty-five lanes of 1 to 25 deliveries, each in two shards, and no send behind them: only the books are read. */
const editionId = 77;
for (let n = 1; n <= 25; n += 1) {
  for (const [shard, planned] of [
    [0, n - 1],
    [3, 1],
  ] as const) {
    await db
      .insertInto('send_counts')
      .values({ edition_id: editionId, lane: `lane${n}`, shard, planned, accepted: planned })
      .execute();
  }
}
await db
  .updateTable('send_counts')
  .set({ accepted: 10, queued: 14 })
  .where('edition_id', '=', editionId)
  .where('lane', '=', 'lane25')
  .where('shard', '=', 0)
  .execute();
await db
  .insertInto('lanes')
  .values({
    lane: 'lane25',
    state: 'slow',
    rate_per_second: 0.5,
    back_off_until: new Date(now.getTime() + 600_000),
    reason: 'too fast for the server',
    last_answer: '421 4.7.28 unusual rate',
    changed_at: now,
  })
  .execute();

describe('the books by lane', () => {
  it('name the largest twenty and add up the rest, each row closed and all together the send’s', async () => {
    const lanes = await readLaneBooks(db, editionId, { named: 20, now });
    expect(lanes.map((one) => one.lane)).toEqual([
      ...Array.from({ length: 20 }, (_, at) => `lane${25 - at}`),
      undefined,
    ]);
    expect(lanes.at(-1)).toMatchObject({ lanes: 5, counts: { planned: 15, accepted: 15 } });
    expect(lanes.every((one) => addsUp(one.counts))).toBe(true);
    const { counts } = sumOfBooks(lanes);
    expect(counts).toMatchObject({ planned: 325, accepted: 311, queued: 14 });
    expect(addsUp(counts)).toBe(true);
  });

  it('tell what holds a lane back', async () => {
    const [slow, next] = await readLaneBooks(db, editionId, { named: 20, now });
    expect(slow).toMatchObject({ lane: 'lane25', state: 'slow', limitPerSecond: 0.5 });
    expect(next).toMatchObject({ lane: 'lane24', state: 'open', limitPerSecond: undefined });
    const [, row = '', , ...more] = laneTable(await readLaneBooks(db, editionId, { named: 2, now }), now);
    expect(row).toMatch(
      /^lane25 .* 14 +0\.0\/s of 0\.5 +slow: too fast for the server +10 min +421 4\.7\.28/,
    );
    expect(more.at(-1)).toMatch(/^other lanes \(23\)/);
  });
});

describe('the estimated end', () => {
  const seen = {
    ratePerSecond: 10,
    averagePerSecond: 8,
    limitPerSecond: undefined,
    lastDueAt: undefined,
    now,
  };

  it('waits for the lane that waits: its back-off, then its own rate', async () => {
    const lanes = await readLaneBooks(db, editionId, { named: 20, now });
    const end = estimateEnd({ ...seen, lanes });
    expect(end?.low).toEqual(new Date(now.getTime() + (600 + 28) * 1000));
    expect(end && end.high >= end.low).toBe(true);
  });

  it('is a range of the rates seen, no faster than the relays take, and nobody’s guess while a lane is paused', async () => {
    const [lane] = await readLaneBooks(db, editionId, { named: 20, now });
    if (!lane) throw new Error('no lane');
    const open = { ...lane, state: 'open' as const, limitPerSecond: undefined, backOffUntil: undefined };
    const seconds = (end: ReturnType<typeof estimateEnd>) =>
      end && [end.low, end.high].map((at) => Math.round((at.getTime() - now.getTime()) / 100) / 10);
    expect(seconds(estimateEnd({ ...seen, lanes: [open] }))).toEqual([1.4, 2.3]);
    expect(seconds(estimateEnd({ ...seen, lanes: [open], limitPerSecond: 2 }))).toEqual([7, 7]);
    const lastHour = { at: new Date(seen.now.getTime() + 60_000), mails: 6 };
    expect(seconds(estimateEnd({ ...seen, lanes: [open], lastHour })), 'after it').toEqual([60.6, 61]);
    const resting = { ...open, backOffUntil: new Date(now.getTime() + 60_000) };
    expect(seconds(estimateEnd({ ...seen, lanes: [resting] })), 'its mails go after it').toEqual([
      61.4, 62.3,
    ]);
    expect(estimateEnd({ ...seen, lanes: [{ ...open, state: 'paused' }] })).toBeUndefined();
    expect(estimateEnd({ ...seen, ratePerSecond: 0, averagePerSecond: 0, lanes: [open] })).toBeUndefined();
  });
});
