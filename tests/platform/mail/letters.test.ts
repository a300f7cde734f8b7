import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  claimLetter,
  dropLetter,
  dueLetters,
  lettersSince,
  planLetter,
  rescueLetters,
  settleLetter,
} from '../../../src/platform/mail/letters.ts';
import type { ClaimedLetter } from '../../../src/platform/mail/letters-together.ts';
import type { Outcome } from '../../../src/platform/mail/smtp-outcome.ts';
import { registerWorker } from '../../../src/platform/queue/workers.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = new Date('2026-07-14T10:00:00Z');
const print = Buffer.from('one address');

let database: TestDatabase;
let about = 0;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const later = (ms: number) => new Date(start.getTime() + ms);
const reply = (code: number, text: string, status?: string): Outcome => ({
  kind: 'reply',
  phase: code < 400 ? 'dot' : 'rcpt',
  reply: { code, status, text },
});
const inDoubt: Outcome = { kind: 'lost', phase: 'dot', afterDot: true, reason: 'the connection was lost' };
const unreachable: Outcome = {
  kind: 'lost',
  phase: 'connect',
  afterDot: false,
  reason: 'no answer for rina@example.com',
};

async function planned(kind = 'confirmation', at = start): Promise<number> {
  about += 1;
  return (await planLetter(database.db, { kind, about, fingerprint: print, at })).id;
}

async function claimed(letterId: number, now = start): Promise<ClaimedLetter> {
  const letter = await claimLetter(database.db, { letterId, now });
  if (!letter) throw new Error('there was nothing to claim');
  return letter;
}

async function row(letterId: number) {
  return database.db.selectFrom('letters').selectAll().where('id', '=', letterId).executeTakeFirstOrThrow();
}

describe('the ledger of letters', () => {
  it('plans one letter about one thing, however often it is asked', async () => {
    const { db } = database;
    const letter = { kind: 'welcome', about: 7_000, fingerprint: print, at: start };
    const first = await planLetter(db, letter);
    const all = await Promise.all([1, 2, 3].map(() => planLetter(db, letter)));
    expect(first.planned).toBe(true);
    expect(all).toEqual([1, 2, 3].map(() => ({ id: first.id, planned: false })));
    const other = await planLetter(db, { ...letter, kind: 'confirmation' });
    expect(other.planned).toBe(true);
  });

  it('gives a letter to one of many who want it, and only when it is due', async () => {
    const id = await planned();
    expect(await claimLetter(database.db, { letterId: id, now: later(-1) })).toBeUndefined();
    const all = await Promise.all(
      [1, 2, 3, 4].map(() => claimLetter(database.db, { letterId: id, now: start })),
    );
    expect(all.filter((letter) => letter !== undefined)).toHaveLength(1);
    expect(await claimLetter(database.db, { letterId: id, now: later(minute) })).toBeUndefined();
    expect(await claimLetter(database.db, { letterId: 999_999, now: start })).toBeUndefined();
  });

  it('settles by the server’s reply, once', async () => {
    const id = await planned();
    const letter = await claimed(id);
    const settled = await settleLetter(
      database.db,
      letter,
      reply(250, 'queued for rina@example.com'),
      start,
      '<l1@x>',
    );
    expect(settled).toMatchObject({ state: 'accepted', class: 'accepted', code: 250 });
    expect(await settleLetter(database.db, letter, reply(550, 'no'), start)).toBeUndefined();
    expect(await row(id)).toMatchObject({
      state: 'accepted',
      smtp_code: 250,
      message_id: '<l1@x>',
      text_masked: null,
      settled_at: start,
    });
    expect(await claimLetter(database.db, { letterId: id, now: later(hour) })).toBeUndefined();
  });

  it('masks every address in what it keeps of a refusal', async () => {
    const id = await planned();
    const settled = await settleLetter(
      database.db,
      await claimed(id),
      reply(550, 'no such user <rina@example.com> here', '5.1.1'),
      start,
    );
    expect(settled).toMatchObject({ state: 'refused', class: 'dead', code: 550, status: '5.1.1' });
    expect((await row(id)).text_masked).toBe('550 5.1.1 no such user <r•••@example.com> here');
  });

  it('waits 1, 2, 5, 10 … minutes between attempts and ends as refused after 24 hours', async () => {
    const id = await planned();
    const waits: number[] = [];
    let now = start;
    for (let n = 0; n < 40; n += 1) {
      const letter = await claimLetter(database.db, { letterId: id, now });
      if (!letter) break;
      const settled = await settleLetter(database.db, letter, reply(451, 'try again later', '4.3.0'), now);
      if (!settled?.dueAt) break;
      waits.push((settled.dueAt.getTime() - now.getTime()) / minute);
      now = settled.dueAt;
    }
    expect(waits.slice(0, 9)).toEqual([1, 2, 5, 10, 20, 40, 80, 160, 240]);
    expect(await row(id)).toMatchObject({ state: 'refused', class: 'expired' });
    expect(now.getTime()).toBeLessThan(later(24 * hour).getTime());
  });

  it('waits out relays that cannot be reached, whatever their handshake says', async () => {
    const id = await planned();
    const first = await settleLetter(database.db, await claimed(id), unreachable, start);
    expect(first).toMatchObject({
      state: 'deferred',
      class: 'network',
      textMasked: 'no answer for r•••@example.com',
    });
    const second = await settleLetter(
      database.db,
      await claimed(id, later(minute)),
      {
        kind: 'lost',
        phase: 'auth',
        afterDot: false,
        reason: 'the password was refused',
        reply: { code: 535, status: '5.7.8', text: 'authentication failed' },
      },
      later(minute),
    );
    expect(second).toMatchObject({ state: 'deferred', class: 'auth', dueAt: later(3 * minute) });
  });

  it('sends a letter in doubt once more, and then leaves it unknown', async () => {
    const id = await planned();
    const first = await settleLetter(database.db, await claimed(id), inDoubt, start);
    expect(first).toMatchObject({ state: 'deferred', class: 'in-doubt', dueAt: start });
    const second = await settleLetter(database.db, await claimed(id), inDoubt, start);
    expect(second).toMatchObject({ state: 'unknown', class: 'in-doubt' });
    expect(await claimLetter(database.db, { letterId: id, now: later(hour) })).toBeUndefined();
    expect((await row(id)).settled_at).toEqual(start);
  });

  it('frees letters of workers that died or took too long, and lets the late worker write nothing', async () => {
    const { db } = database;
    const dead = await registerWorker(db, { host: 'gone', pid: 1, roles: ['worker'] }, start);
    const alive = await registerWorker(db, { host: 'here', pid: 2, roles: ['worker'] }, later(89_000));
    const [ofDead, ofAlive, forgotten] = [await planned(), await planned(), await planned()];
    const late = await claimLetter(db, { letterId: ofDead, now: start, workerId: dead });
    await claimLetter(db, { letterId: ofAlive, now: start, workerId: alive });
    await claimLetter(db, { letterId: forgotten, now: start });

    expect(await rescueLetters(db, later(90_000))).toMatchObject({ freed: 1 });
    expect(await row(ofDead)).toMatchObject({ state: 'deferred', class: 'in-doubt', doubts: 1 });
    expect((await dueLetters(db, later(90_000), 500)).map((letter) => letter.id)).toContain(ofDead);
    const again = await claimLetter(db, { letterId: ofDead, now: later(90_000) });
    expect(again?.attempt).toBe(2);
    expect(await settleLetter(db, late as ClaimedLetter, reply(250, 'ok'), later(91_000))).toBeUndefined();

    await db
      .updateTable('workers')
      .set({ heartbeat_at: later(20 * minute) })
      .where('id', '=', alive)
      .execute();
    await rescueLetters(db, later(10 * minute - 1));
    expect((await row(ofAlive)).state).toBe('sending');
    expect((await row(forgotten)).state).toBe('sending');
    await rescueLetters(db, later(20 * minute));
    expect(await row(ofAlive)).toMatchObject({ state: 'deferred' });
    expect(await row(ofDead)).toMatchObject({ state: 'unknown' });
    expect(await row(forgotten)).toMatchObject({ state: 'deferred' });
  });

  it('ends letters that lay for a day, and drops those without a reason', async () => {
    const old = await planned('welcome', later(-24 * hour));
    const useless = await planned();
    await rescueLetters(database.db, start);
    await dropLetter(database.db, useless, start);
    await dropLetter(database.db, useless, later(hour));
    expect(await row(old)).toMatchObject({ state: 'refused', class: 'expired' });
    expect(await row(useless)).toMatchObject({ state: 'dropped', settled_at: start });
    await dropLetter(database.db, old, start);
    expect((await row(old)).state).toBe('refused');
  });

  it('counts what an address was sent, without what was dropped', async () => {
    const mine = Buffer.from('someone else');
    const { db } = database;
    for (const [n, at] of [later(-2 * hour), later(-hour), start].entries()) {
      await planLetter(db, { kind: 'confirmation', about: 9_000 + n, fingerprint: mine, at });
    }
    const all = { kinds: ['confirmation'], fingerprints: [mine] };
    const found = await lettersSince(db, { ...all, since: later(-90 * minute) });
    expect(found.map((letter) => letter.about)).toEqual([9_002, 9_001]);
    await dropLetter(db, found[0]?.id ?? 0, start);
    expect(await lettersSince(db, { ...all, since: later(-90 * minute) })).toHaveLength(1);
    expect(await lettersSince(db, { ...all, kinds: ['welcome'], since: later(-90 * minute) })).toEqual([]);
  });
});
