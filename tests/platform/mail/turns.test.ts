import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type Bulk, openBulk } from '../../../src/platform/mail/bulk.ts';
import { parseRelayUrl, type Relay } from '../../../src/platform/mail/relay.ts';
import { NoTurn } from '../../../src/platform/mail/turns.ts';
import { type Ledger, paceRelays } from '../../../src/platform/rate/pace-relays.ts';
import { testDatabase } from '../../support/database.ts';
import { type Script, scriptedSmtp } from '../../support/scripted-smtp.ts';
import { until } from '../../support/until.ts';

const { db, close } = await testDatabase();
afterAll(close);

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of open.splice(0).reverse()) await end();
});

async function server(script: Script = {}) {
  const smtp = await scriptedSmtp(script);
  open.push(() => smtp.close());
  const withRate = (query: string): Relay => parseRelayUrl(`smtp://127.0.0.1:${smtp.port}?${query}`);
  return { ...smtp, smtp, withRate };
}

let nowMs = Date.UTC(2026, 6, 14, 10);
const troubles: string[] = [];
const ledger: Ledger = {
  db,
  now: () => new Date(nowMs),
  overall: [],
  onTrouble: (error) => void troubles.push(error.message),
};

function pool(relays: Relay[], connections = 4): Bulk {
  const bulk = openBulk(relays, { ehloName: 'client.example.org', connections, pace: paceRelays(ledger) });
  open.push(() => bulk.close());
  return bulk;
}

const letter = (bulk: Bulk, name: string) =>
  bulk.deliver(
    { from: 'news@example.org', to: `${name}@example.com` },
    () => `Subject: x\r\n\r\n${name}\r\n`,
  );
const some = (bulk: Bulk, count: number, prefix = 'reader') =>
  Promise.all(Array.from({ length: count }, (_, at) => letter(bulk, `${prefix}${at}`)));

describe('a pool whose relay has a rate', () => {
  it('begins what was reserved, and reserves no more than there is', async () => {
    const { smtp, withRate } = await server();
    const bulk = pool([withRate('rate=3/m')]);
    expect(bulk.nextTurnInMs()).toBeLessThanOrEqual(10);
    expect(await bulk.reserve(10)).toBe(3);
    await some(bulk, 3);
    expect(smtp.accepted).toHaveLength(3);
    await expect(letter(bulk, 'ayu')).rejects.toThrow(NoTurn);
    expect(await bulk.reserve(10)).toBe(0);
    expect(bulk.nextTurnInMs()).toBe(60_000);
    nowMs += 60_000;
    expect(await bulk.reserve(2)).toBe(0);
    expect(bulk.nextTurnInMs()).toBe(1_000);
    nowMs += 1_000;
    expect(await bulk.reserve(2)).toBe(2);
    await some(bulk, 2);
    expect(smtp.accepted).toHaveLength(5);
  });

  it('hands back what was not used after a moment, and all of it when it closes', async () => {
    const { withRate } = await server();
    const relay = withRate('rate=3/m');
    const [bulk, other] = [pool([relay]), pool([relay])];
    expect(await bulk.reserve(3)).toBe(3);
    expect(await other.reserve(3)).toBe(0);
    bulk.giveBack(3);
    const third = await until(
      async () => {
        const next = pool([relay]);
        return (await next.reserve(3)) === 3 ? next : undefined;
      },
      { everyMs: 100 },
    );
    await third.close();
    expect(await pool([relay]).reserve(3)).toBe(3);
  });

  it('gives two who reserve at once no more than there is', async () => {
    const { withRate } = await server();
    const bulk = pool([withRate('rate=8/m')]);
    const turns = await Promise.all([1, 2, 3, 4, 5, 6].map((wanted) => bulk.reserve(wanted)));
    expect(turns.reduce((sum, one) => sum + one, 0)).toBe(8);
  });

  it('does not count a message that its connection never came to', async () => {
    const { smtp, withRate } = await server({ dot: { after: 'end' } });
    const bulk = pool([withRate('rate=6/m')], 1);
    expect(await bulk.reserve(6)).toBe(6);
    await some(bulk, 6);
    expect(smtp.accepted).toHaveLength(6);
  });

  it('waits, and says for how long, while the ledger cannot be asked', async () => {
    const { withRate } = await server();
    const broken = openBulk([withRate('rate=3/m')], {
      ehloName: 'client.example.org',
      pace: paceRelays({ ...ledger, db: db.withTables().withSchema('nowhere') as typeof db }),
    });
    open.push(() => broken.close());
    expect(await broken.reserve(3)).toBe(0);
    expect(broken.nextTurnInMs()).toBe(1_000);
    expect(troubles.join()).toContain('nowhere');
  });
});

describe('a pool without rates', () => {
  it('asks nobody', async () => {
    const { withRate, smtp } = await server();
    const bulk = openBulk([withRate('weight=2')], { ehloName: 'client.example.org' });
    open.push(() => bulk.close());
    expect(await bulk.reserve(1_000_000)).toBe(1_000_000);
    expect(bulk.nextTurnInMs()).toBe(0);
    await some(bulk, 5);
    expect(smtp.accepted).toHaveLength(5);
  });
});

describe('several relays', () => {
  it('one without a rate takes what the other may not', async () => {
    const [slow, free] = [await server(), await server({ dot: { waitMs: 20 } })];
    const bulk = pool([slow.withRate('rate=2/m'), free.withRate('weight=1')]);
    expect(await bulk.reserve(30)).toBe(30);
    await some(bulk, 30);
    expect([slow.smtp.accepted.length, free.smtp.accepted.length]).toEqual([2, 28]);
  });

  it('each takes no more than its own rate', async () => {
    const [one, two] = [await server(), await server()];
    const bulk = pool([one.withRate('rate=4/m'), two.withRate('rate=9/m&weight=3')]);
    for (let turns = await bulk.reserve(5); turns > 0; turns = await bulk.reserve(5)) await some(bulk, turns);
    expect([one.smtp.accepted.length, two.smtp.accepted.length]).toEqual([4, 9]);
  });

  it('one that died is handed nothing, and what was drawn for it goes back', async () => {
    const [dead, alive] = [await server(), await server()];
    await dead.smtp.close();
    open.splice(0, 1);
    const bulk = pool([dead.withRate('rate=50/m'), alive.withRate('rate=3/m')]);
    const turns = await bulk.reserve(40);
    expect(turns).toBeGreaterThan(3);
    const outcomes = await Promise.allSettled(
      Array.from({ length: turns }, (_, at) => letter(bulk, `r${at}`)),
    );
    const fulfilled = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(alive.smtp.accepted).toHaveLength(3);
    expect(fulfilled).toHaveLength(3);
    expect(outcomes.every((one) => one.status === 'fulfilled' || one.reason instanceof NoTurn)).toBe(true);
    await bulk.close();
    const { drawn } = await db
      .selectFrom('rates')
      .select('drawn')
      .where('scope', '=', `relay:${dead.withRate('').name}`)
      .executeTakeFirstOrThrow();
    expect(drawn).toEqual({ minute: [] });
  });

  it('one that dies loses its share to the other, and has it again when it is back', async () => {
    const slowly: Script = { dot: { waitMs: 5 } };
    const [one, two] = [await server(slowly), await server(slowly)];
    const bulk = openBulk([one.smtp.relay, two.smtp.relay], {
      ehloName: 'client.example.org',
      connections: 4,
    });
    let going = true;
    const stream = Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        for (let n = 0; going; n += 1) {
          const outcome = await letter(bulk, `reader${at}x${n}`);
          // Nothing is lost to the living: at most what was on the wire of the one that died.
          if (outcome.kind === 'lost' && outcome.phase === 'connect') throw new Error(outcome.reason);
        }
      }),
    );
    open.push(async () => {
      going = false;
      await bulk.drain(5_000);
      bulk.cut();
      await stream.catch(() => undefined);
    });
    await until(() => one.smtp.accepted.length > 10 && two.smtp.accepted.length > 10);
    await two.smtp.close();
    const seen = one.smtp.accepted.length;
    await until(() => one.smtp.accepted.length > seen + 150);
    const back = await scriptedSmtp({ ...slowly, listenOn: two.smtp.port });
    open.splice(1, 1, () => back.close());
    await until(() => back.accepted.length > 20);
    expect(back.connections).toBe(2);
    going = false;
    await stream;
  });

  it('one that puts everything off at MAIL is left alone for a while, and loses hardly a message', async () => {
    let ill = true;
    const sick = await server({ mail: () => (ill ? '451 4.3.0 come back later' : undefined) });
    const well = await server();
    const bulk = openBulk([sick.smtp.relay, well.smtp.relay], {
      ehloName: 'client.example.org',
      connections: 4,
    });
    open.push(() => bulk.cut());
    const outcomes = await some(bulk, 300);
    const putOff = outcomes.filter((one) => one.kind === 'reply' && one.reply.code === 451);
    expect(putOff.length).toBeGreaterThanOrEqual(5);
    expect(putOff.length).toBeLessThan(20);
    expect(well.smtp.accepted).toHaveLength(300 - putOff.length);
    ill = false;
    await until(async () => {
      await some(bulk, 10);
      return sick.smtp.accepted.length > 0;
    });
  });
});
