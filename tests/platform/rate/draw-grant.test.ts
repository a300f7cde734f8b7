import { afterAll, describe, expect, it } from 'vitest';
import type { Rate } from '../../../src/lib/rate.ts';
import { openDatabase } from '../../../src/platform/db/database.ts';
import { drawGrant } from '../../../src/platform/rate/draw-grant.ts';
import { overdraw } from '../../../src/platform/rate/overdraw.ts';
import { pruneRates } from '../../../src/platform/rate/prune-rates.ts';
import { returnGrant } from '../../../src/platform/rate/return-grant.ts';
import { testDatabase } from '../../support/database.ts';

const { db, config, close } = await testDatabase();
const other = openDatabase(config, { max: 10 });
afterAll(async () => {
  await other.close();
  await close();
});

const start = Date.UTC(2026, 6, 14, 10);
const at = (seconds: number) => new Date(start + seconds * 1_000);
const perMinute: Rate[] = [{ count: 60, per: 'minute' }];

describe('a rate that all workers keep together', () => {
  it('grants no more than there is, however many draw at one moment on two connections', async () => {
    const draws = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        drawGrant(n % 2 ? db : other.db, 'crowd', perMinute, 1 + (n % 3), at(0)),
      ),
    );
    expect(draws.reduce((sum, { granted }) => sum + granted, 0)).toBe(60);
    expect(draws.filter(({ granted }) => granted === 0).every(({ nextAt }) => nextAt > at(0))).toBe(true);
  });

  it('says when it pays to ask again, and keeps its word', async () => {
    expect(await drawGrant(db, 'word', perMinute, 60, at(0))).toEqual({ granted: 60, nextAt: at(0) });
    const { granted, nextAt } = await drawGrant(db, 'word', perMinute, 5, at(1));
    expect({ granted, nextAt }).toEqual({ granted: 0, nextAt: at(61) });
    expect((await drawGrant(db, 'word', perMinute, 5, at(60.9))).granted).toBe(0);
    expect((await drawGrant(db, 'word', perMinute, 5, nextAt)).granted).toBe(5);
  });

  it('keeps every rate of a scope at once', async () => {
    const rates: Rate[] = [
      { count: 40, per: 'second' },
      { count: 15, per: 'day' },
      { count: 99, per: 'day' },
    ];
    expect(await drawGrant(db, 'both', rates, 100, at(0))).toEqual({ granted: 10, nextAt: at(0.125) });
    expect((await drawGrant(db, 'both', rates, 100, at(0.125))).granted).toBe(5);
    const { granted, nextAt } = await drawGrant(db, 'both', rates, 100, at(10));
    expect(granted).toBe(0);
    // A day, and the piece of it that the first of them was granted in.
    expect(nextAt).toEqual(at(24 * 3600 + 900));
  });

  it('may be a fraction per second, as a lane’s is', async () => {
    const slow: Rate[] = [{ count: 0.5, per: 'second' }];
    expect(await drawGrant(db, 'lane:slow', slow, 9, at(0))).toEqual({ granted: 1, nextAt: at(2) });
    expect((await drawGrant(db, 'lane:slow', slow, 9, at(1.999))).granted).toBe(0);
    expect(await drawGrant(db, 'lane:slow', slow, 1, at(2))).toEqual({ granted: 1, nextAt: at(2) });
  });

  it('takes back what was not begun, and never more than it was', async () => {
    await drawGrant(db, 'back', perMinute, 60, at(0));
    await returnGrant(db, 'back', perMinute, { count: 20, drawnAt: at(0) }, at(30));
    expect((await drawGrant(db, 'back', perMinute, 60, at(30))).granted).toBe(20);
    await returnGrant(db, 'back', perMinute, { count: 500, drawnAt: at(30) }, at(31));
    expect((await drawGrant(db, 'back', perMinute, 60, at(31))).granted).toBe(20);
  });

  it('counts letters that do not wait, and leaves the rest to the others', async () => {
    await overdraw(db, 'letters', perMinute, 50, at(0));
    expect((await drawGrant(db, 'letters', perMinute, 60, at(1))).granted).toBe(10);
    await overdraw(db, 'letters', perMinute, 30, at(2));
    expect((await drawGrant(db, 'letters', perMinute, 60, at(59))).granted).toBe(0);
    expect((await drawGrant(db, 'letters', perMinute, 60, at(61))).granted).toBe(20);
    const perSecond: Rate[] = [{ count: 10, per: 'second' }];
    await overdraw(db, 'burst', perSecond, 5_000, at(0));
    expect((await drawGrant(db, 'burst', perSecond, 9, at(0.9))).granted).toBe(0);
    expect((await drawGrant(db, 'burst', perSecond, 9, at(1.2))).granted).toBeGreaterThan(0);
  });

  it('asks nobody where there is no rate', async () => {
    expect(await drawGrant(db, 'free', [], 7, at(0))).toEqual({ granted: 7, nextAt: at(0) });
    expect(await db.selectFrom('rates').selectAll().where('scope', '=', 'free').execute()).toEqual([]);
  });

  it('is forgotten when no window can reach it any more', async () => {
    await drawGrant(db, 'old', perMinute, 1, at(0));
    await pruneRates(db, at(47 * 3600));
    const scopes = () => db.selectFrom('rates').select('scope').where('scope', '=', 'old').execute();
    expect(await scopes()).toHaveLength(1);
    await pruneRates(db, at(48 * 3600));
    expect(await scopes()).toEqual([]);
  });
});
