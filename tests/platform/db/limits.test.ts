import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { countWithin, pruneLimits } from '../../../src/platform/db/limits.ts';
import { testDatabase } from '../../support/database.ts';

const { db, close } = await testDatabase();
afterAll(close);

const windowMs = 600_000;
const at = (minutes: number) => new Date(Date.UTC(2026, 6, 14, 8, 0) + minutes * 60_000);

describe('a limit', () => {
  it('counts each act once, however many processes count at a time', async () => {
    const counts = await Promise.all(
      Array.from({ length: 40 }, () => countWithin(db, 'many', windowMs, at(1))),
    );
    expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  });

  it('keeps keys apart, counts by more than one, and can be asked without counting', async () => {
    expect(await countWithin(db, 'a', windowMs, at(1), 5)).toBe(5);
    expect(await countWithin(db, 'b', windowMs, at(1))).toBe(1);
    expect(await countWithin(db, 'a', windowMs, at(1), 0)).toBe(5);
    expect(await countWithin(db, 'a', windowMs, at(1), 0)).toBe(5);
    expect(await countWithin(db, 'never seen', windowMs, at(1), 0)).toBe(0);
  });

  it('leaves a transaction that it is part of as safe on the disk as it was', async () => {
    const kept = await db.transaction().execute(async (tx) => {
      await sql`set local synchronous_commit to on`.execute(tx);
      await countWithin(tx, 'part', windowMs, at(1));
      return sql<{ now: string }>`select current_setting('synchronous_commit') as now`.execute(tx);
    });
    expect(kept.rows).toEqual([{ now: 'on' }]);
  });

  it('does not let twice the limit pass at the border of two windows', async () => {
    await countWithin(db, 'border', windowMs, at(9.9), 30);
    expect(await countWithin(db, 'border', windowMs, at(10.1))).toBe(31);
  });

  it('forgets slowly, and wholly after two windows', async () => {
    await countWithin(db, 'slow', windowMs, at(5), 30);
    expect(await countWithin(db, 'slow', windowMs, at(15), 0)).toBe(15);
    expect(await countWithin(db, 'slow', windowMs, at(20), 0)).toBe(0);
  });

  it('prunes only what no window reaches any more', async () => {
    await countWithin(db, 'old', windowMs, at(25));
    await pruneLimits(db, at(35));
    expect(await countWithin(db, 'old', windowMs, at(35), 0)).toBe(1);
    expect(await pruneLimits(db, at(40))).toBe(1);
    expect(await db.selectFrom('limits').selectAll().execute()).toEqual([]);
    expect(await pruneLimits(db, at(40))).toBe(0);
  });
});
