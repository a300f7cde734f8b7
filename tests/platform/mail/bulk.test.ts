import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type Bulk, openBulk } from '../../../src/platform/mail/bulk.ts';
import type { BulkOptions } from '../../../src/platform/mail/bulk-options.ts';
import type { Relay } from '../../../src/platform/mail/relay.ts';
import type { Pipelining } from '../../../src/platform/mail/smtp-command.ts';
import type { Outcome } from '../../../src/platform/mail/smtp-outcome.ts';
import {
  type Answer,
  type Script,
  type ScriptedSmtp,
  type Step,
  scriptedSmtp,
} from '../../support/scripted-smtp.ts';
import { until } from '../../support/until.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function server(script: Script = {}): Promise<ScriptedSmtp> {
  const smtp = await scriptedSmtp(script);
  open.push(() => smtp.close());
  return smtp;
}

function pool(relays: Relay[], options: Partial<BulkOptions> = {}): Bulk {
  const bulk = openBulk(relays, { ehloName: 'client.example.org', ...options });
  open.push(() => bulk.cut());
  return bulk;
}

const refusesFirst: Script['rcpt'] = ({ nth }) => (nth === 1 ? '550 5.1.1 no such user' : undefined);
const body = (name: string) => `Subject: ${name}\r\n\r\n${name}\r\n`;
const deliver = (bulk: Bulk, name: string) =>
  bulk.deliver({ from: 'news@example.org', to: `${name}@example.com` }, () => body(name));
const names = (count: number) => Array.from({ length: count }, (_, at) => `reader${at}`);
const sendAll = (bulk: Bulk, to: string[]) => Promise.all(to.map((name) => deliver(bulk, name)));
const codes = (outcomes: Outcome[]) =>
  outcomes.map((o) =>
    o.kind === 'reply' ? o.reply.code : `lost ${o.phase}${o.afterDot ? ' in doubt' : ''}`,
  );
const addresses = (to: string[]) => to.map((name) => `${name}@example.com`);

describe('a pool of connections', () => {
  it('opens none before there is mail, and no more than allowed', async () => {
    const smtp = await server();
    const bulk = pool([smtp.relay], { connections: 3 });
    expect(bulk.connections()).toBe(0);
    const outcomes = await sendAll(bulk, names(60));
    expect(new Set(codes(outcomes))).toEqual(new Set([250]));
    expect(smtp.accepted.toSorted()).toEqual(addresses(names(60)).toSorted());
    expect(smtp.connections).toBeLessThanOrEqual(3);
    expect(bulk.inFlight()).toBe(0);
  });

  it('composes a message only when a connection takes it', async () => {
    const smtp = await server({ dot: { after: 'never' } });
    const bulk = pool([smtp.relay], { connections: 1 });
    const composed: number[] = [];
    for (let at = 0; at < 10; at += 1) {
      void bulk.deliver({ from: '', to: 'a@example.com' }, () => {
        composed.push(at);
        return body('x');
      });
    }
    await until(() => smtp.chunks.some(({ bytes }) => bytes.includes('\r\n.\r\n')));
    expect(composed).toEqual([0, 1]);
    expect(bulk.inFlight()).toBe(10);
  });

  it('gives back what composing throws, to that message alone', async () => {
    const smtp = await server();
    const bulk = pool([smtp.relay], { connections: 1 });
    const broken = bulk.deliver({ from: '', to: 'a@example.com' }, () => {
      throw new Error('no such place');
    });
    const fine = deliver(bulk, 'ayu');
    await expect(broken).rejects.toThrow('no such place');
    expect(codes([await fine])).toEqual([250]);
    await expect(bulk.deliver({ from: '', to: 'a@b>\r\n' }, () => body('x'))).rejects.toThrow('recipient');
    expect(bulk.inFlight()).toBe(0);
  });

  it('begins a new connection after so many messages', async () => {
    const smtp = await server();
    const bulk = pool([smtp.relay], { connections: 1, messagesPerConnection: 3 });
    expect(codes(await sendAll(bulk, names(8)))).toEqual(Array(8).fill(250));
    expect(smtp.connections).toBe(3);
    const perConnection = [1, 2, 3].map(
      (n) =>
        smtp.chunks
          .filter(({ connection }) => connection === n)
          .map(({ bytes }) => bytes)
          .join('')
          .split('MAIL FROM').length - 1,
    );
    expect(perConnection).toEqual([3, 3, 2]);
  });

  it('keeps to a relay’s own number of messages', async () => {
    const smtp = await server();
    const bulk = pool([{ ...smtp.relay, messages: 2 }], { connections: 1, messagesPerConnection: 3 });
    expect(codes(await sendAll(bulk, names(4)))).toEqual(Array(4).fill(250));
    expect(smtp.connections).toBe(2);
  });

  it('closes a connection that has nothing to do, and opens another when there is', async () => {
    const smtp = await server();
    const bulk = pool([smtp.relay], { idleMs: 30 });
    await deliver(bulk, 'ayu');
    await until(() => bulk.connections() === 0);
    expect(smtp.chunks.at(-1)?.bytes).toBe('QUIT\r\n');
    expect(codes([await deliver(bulk, 'budi')])).toEqual([250]);
    expect(smtp.connections).toBe(2);
  });

  it('keeps to a relay’s own number of connections', async () => {
    const smtp = await server({ dot: { after: 'never' } });
    const bulk = pool([{ ...smtp.relay, connections: 2 }]);
    void sendAll(bulk, names(9));
    await until(() => smtp.chunks.filter(({ bytes }) => bytes.includes('\r\n.\r\n')).length === 2);
    expect([bulk.connections(), smtp.connections]).toEqual([2, 2]);
  });

  it('shares its connections among relays by weight', async () => {
    const servers = [await server({ dot: { after: 'never' } }), await server({ dot: { after: 'never' } })];
    const relays = servers.map(({ relay }, at) => ({ ...relay, weight: at === 0 ? 1 : 3 }));
    const bulk = pool(relays, { connections: 8 });
    void sendAll(bulk, names(40));
    await until(() => bulk.connections() === 8);
    expect(servers.map(({ connections }) => connections)).toEqual([2, 6]);
  });
});

describe('a server that hangs up between messages', () => {
  it.each<[string, Script]>([
    ['silently, after each', { dot: { after: 'end' } }],
    ['silently, after each, one command at a time', { ehlo: '250 x', dot: { after: 'end' } }],
    ['by reset, after the second', { dot: ({ nth }) => (nth === 2 ? { after: 'drop' } : undefined) }],
    [
      'saying that these were enough',
      {
        mail: ({ nth }) =>
          nth === 3 ? { say: '421 Max message per connection reached', after: 'end' } : undefined,
      },
    ],
    [
      'saying that it waited too long',
      { mail: ({ nth }) => (nth === 2 ? { say: '421 4.4.2 timeout exceeded', after: 'end' } : undefined) },
    ],
  ])('%s: costs no message', async (_how, script) => {
    const smtp = await server(script);
    const bulk = pool([smtp.relay], { connections: 2 });
    const outcomes = await sendAll(bulk, names(12));
    // A reset may overtake the answer before it; then the message is in doubt, and never sent twice.
    expect(codes(outcomes).filter((code) => code !== 250 && code !== 'lost dot in doubt')).toEqual([]);
    expect(smtp.accepted.toSorted()).toEqual(addresses(names(12)).toSorted());
  });

  it('in the middle of a message: that one is not tried again by itself', async () => {
    const smtp = await server({
      rcpt: ({ line }) => (line.includes('reader1@') ? { unsaid: true, after: 'end' } : undefined),
    });
    const bulk = pool([smtp.relay], { connections: 1 });
    expect(codes(await sendAll(bulk, names(3)))).toEqual([250, 'lost rcpt', 250]);
    expect(smtp.connections).toBe(2);
  });

  it('while idle: the next message takes a new connection', async () => {
    const smtp = await server({ dot: { after: 'end' } });
    const bulk = pool([smtp.relay]);
    for (const name of names(3)) expect(codes([await deliver(bulk, name)])).toEqual([250]);
    expect(smtp.connections).toBe(3);
  });
});

describe('a relay whose answers get out of step', () => {
  it('is sent less at once, until they fit', async () => {
    // Answers the envelope behind a body before the body, as Postfix’s smtp-sink does when it is told to wait.
    let nextEnvelopeCame = false;
    const smtp: ScriptedSmtp = await server({
      dot: () => {
        nextEnvelopeCame = /\r\n\.\r\nMAIL/.test(smtp.chunks.at(-1)?.bytes ?? '');
        return nextEnvelopeCame ? '250 2.1.0 ok|250 2.1.5 ok|354 go|250 2.0.0 queued' : undefined;
      },
    });
    const bulk = pool([smtp.relay], { connections: 1 });
    const first = await sendAll(bulk, names(6));
    expect(codes(first).filter((code) => code !== 250 && code !== 'lost rcpt')).toEqual([]);
    const second = await sendAll(bulk, names(6));
    expect(codes(second)).toEqual(Array(6).fill(250));
    expect(nextEnvelopeCame).toBe(false);
  });
});

describe('a relay that offers CHUNKING', () => {
  it('and hangs up without a word puts one message per connection in doubt, and none after that', async () => {
    const smtp = await server({
      ehlo: '250-scripted|250-PIPELINING|250 CHUNKING',
      dot: ({ nth }) => (nth === 3 ? { after: 'end' } : undefined),
    });
    const bulk = pool([smtp.relay], { connections: 2 });
    const outcomes = codes(await sendAll(bulk, names(40)));
    const doubts = outcomes.filter((code) => code === 'lost dot in doubt').length;
    expect(doubts).toBeGreaterThan(0);
    expect(doubts).toBeLessThanOrEqual(4);
    expect(outcomes.filter((code) => code === 250)).toHaveLength(40 - doubts);
    expect(smtp.connections).toBeGreaterThan(10);
  });
});

describe('a relay that cannot be reached', () => {
  it('gives every waiting message back at once, and is not knocked at again too soon', async () => {
    const smtp = await server({ greeting: '421 4.3.2 not now' });
    const failures: number[] = [];
    const bulk = pool([smtp.relay], { onConnectFailed: ({ retryInMs }) => failures.push(retryInMs) });
    const first = await sendAll(bulk, names(50));
    const second = await sendAll(bulk, names(50));
    expect(new Set(codes([...first, ...second]))).toEqual(new Set(['lost greeting']));
    expect(first[0]).toMatchObject({
      reply: { code: 421, status: '4.3.2' },
      reason: expect.stringContaining('not now'),
    });
    expect(smtp.connections).toBe(1);
    expect(failures).toEqual([1000]);
  });

  it('is tried again after a while, waiting longer each time, until mail flows', async () => {
    const smtp = await server({
      greeting: ({ connection }) => (connection <= 2 ? '421 4.3.2 not now' : undefined),
    });
    const retries: number[] = [];
    const bulk = pool([smtp.relay], { onConnectFailed: ({ retryInMs }) => retries.push(retryInMs) });
    const accepted = await until(
      async () => {
        const outcome = await deliver(bulk, 'ayu');
        return outcome.kind === 'reply' && outcome;
      },
      { everyMs: 100 },
    );
    expect(accepted).toMatchObject({ phase: 'dot', reply: { code: 250 } });
    expect(retries).toEqual([1000, 2000]);
    expect(codes(await sendAll(bulk, names(20)))).toEqual(Array(20).fill(250));
  });

  it('though it takes connections: it is left alone when it answers nothing', async () => {
    const smtp = await server({ mail: { unsaid: true, after: 'end' } });
    const bulk = pool([smtp.relay]);
    expect(new Set(codes(await sendAll(bulk, names(50))))).toEqual(new Set(['lost mail']));
    expect(smtp.connections).toBeLessThan(12);
  });

  it.each(['mail', 'dot'] as const)('though it answers: 421 to the first %s is a shut door', async (step) => {
    const smtp = await server({ [step]: '421 4.3.2 not now' });
    const bulk = pool([smtp.relay]);
    const outcomes = await sendAll(bulk, names(50));
    expect(codes(outcomes).filter((code) => code !== 421 && code !== 'lost mail')).toEqual([]);
    expect(smtp.connections).toBeLessThan(12);
  });

  it.each<[string, Script]>([
    ['dot', { dot: ({ nth }) => (nth > 1 ? '421 4.3.2 not now' : undefined) }],
    ['data', { data: ({ nth }) => (nth > 1 ? '421 4.3.2 not now' : undefined) }],
    ['dot, having refused a reader', { rcpt: refusesFirst, dot: '421 4.3.2 not now' }],
  ])('though it took some: 421 at the %s shuts the door', async (_when, script) => {
    const smtp = await server(script);
    const shut: { retryInMs: number; phase: string }[] = [];
    const bulk = pool([smtp.relay], {
      connections: 2,
      onConnectFailed: ({ retryInMs, lost }) => shut.push({ retryInMs, phase: lost.phase }),
    });
    const outcomes = codes(await sendAll(bulk, names(200)));
    // Who was not begun comes back as it was: only the messages of these two connections heard anything.
    expect(outcomes.filter((code) => code !== 'lost mail').length).toBeLessThanOrEqual(4);
    expect(outcomes.filter((code) => code === 421).length).toBeGreaterThan(0);
    expect(smtp.connections).toBeLessThanOrEqual(2);
    expect(codes(await sendAll(bulk, names(200)))).toEqual(Array(200).fill('lost mail'));
    expect(smtp.connections).toBeLessThanOrEqual(2);
    expect(shut[0]).toEqual({ retryInMs: 1000, phase: 'mail' });
  });

  it('stays open when a connection was only told at the dot that it has carried enough', async () => {
    const enough = '421 4.7.0 too many messages per connection';
    const smtp = await server({ dot: ({ nth }) => (nth > 1 ? enough : undefined) });
    const bulk = pool([smtp.relay], { connections: 1 });
    expect(codes(await sendAll(bulk, names(6)))).toEqual([250, 421, 250, 421, 250, 421]);
    expect(smtp.connections).toBe(3);
  });

  it('leaves its other connections at work when it turns one message away', async () => {
    const smtp = await server({
      dot: ({ connection, nth }) => (connection === 1 && nth === 2 ? '421 4.3.2 not now' : { waitMs: 5 }),
    });
    const bulk = pool([smtp.relay], { connections: 2 });
    const outcomes = codes(await sendAll(bulk, names(40)));
    expect(outcomes.filter((code) => code === 421)).toHaveLength(1);
    expect(outcomes.filter((code) => code === 250)).toHaveLength(39);
    expect(smtp.connections).toBe(2);
  });

  it('stands aside for another one', async () => {
    const dead = await scriptedSmtp();
    await dead.close();
    const smtp = await server();
    const bulk = pool([{ ...dead.relay, weight: 100 }, smtp.relay], { connections: 4 });
    expect(codes(await sendAll(bulk, names(20)))).toEqual(Array(20).fill(250));
  });

  it('is said so in words that hold neither address nor password', async () => {
    const smtp = await server({ ehlo: '250-x|250 AUTH PLAIN', auth: '535 5.7.8 user@example.com: wrong' });
    const heard: string[] = [];
    const relay = { ...smtp.relay, auth: { user: 'user@example.com', pass: 's3cret' } };
    const bulk = pool([relay], {
      onConnectFailed: (failure) => heard.push(`${failure.relay} ${failure.lost.message}`),
    });
    const outcome = await deliver(bulk, 'ayu');
    expect(outcome).toMatchObject({ kind: 'lost', phase: 'auth', afterDot: false, reply: { code: 535 } });
    expect(heard[0]).toBe(
      `127.0.0.1:${smtp.port} the server refused our user name and password: 535 5.7.8 u•••@example.com: wrong`,
    );
  });
});

describe('stopping', () => {
  it('waits for what is in flight', async () => {
    const smtp = await server({ dot: { waitMs: 20 } });
    const bulk = pool([smtp.relay], { connections: 2 });
    const outcomes = sendAll(bulk, names(6));
    expect(await bulk.drain(5_000)).toBe(true);
    expect(codes(await outcomes)).toEqual(Array(6).fill(250));
    expect(await bulk.drain(0)).toBe(true);
  });

  it('does not wait for ever', async () => {
    const smtp = await server({ dot: { after: 'never' } });
    const bulk = pool([smtp.relay]);
    const outcome = deliver(bulk, 'ayu');
    await until(() => smtp.chunks.some(({ bytes }) => bytes.includes('\r\n.\r\n')));
    expect(await bulk.drain(20)).toBe(false);
    bulk.cut();
    expect(codes([await outcome])).toEqual(['lost dot in doubt']);
  });

  it('by cutting: only what had its final dot is in doubt', async () => {
    const smtp = await server({ dot: { after: 'never' } });
    const bulk = pool([smtp.relay], { connections: 2 });
    const outcomes = sendAll(bulk, names(20));
    await until(() => smtp.chunks.filter(({ bytes }) => bytes.includes('\r\n.\r\n')).length === 2);
    bulk.cut();
    bulk.cut();
    const result = codes(await outcomes);
    expect(result.filter((code) => code === 'lost dot in doubt')).toHaveLength(2);
    expect(result.filter((code) => String(code).startsWith('lost'))).toHaveLength(20);
    expect(bulk.inFlight()).toBe(0);
    expect(codes([await deliver(bulk, 'late')])).toEqual(['lost connect']);
  });

  it('by cutting while the server has not even greeted', async () => {
    const smtp = await server({ greeting: { after: 'never' } });
    const bulk = pool([smtp.relay]);
    const outcome = deliver(bulk, 'ayu');
    await until(() => smtp.connections === 1);
    bulk.cut();
    expect(codes([await outcome])).toEqual(['lost connect']);
  });

  it('by closing: what is on the wire finishes, what waits comes back', async () => {
    const smtp = await server({ dot: { waitMs: 30 } });
    const bulk = pool([smtp.relay], { connections: 1 });
    const outcomes = sendAll(bulk, names(10));
    await until(() => smtp.chunks.some(({ bytes }) => bytes.includes('\r\n.\r\n')));
    await bulk.close();
    await bulk.close();
    const result = codes(await outcomes);
    expect(result.slice(0, 2)).toEqual([250, 250]);
    expect(new Set(result.slice(2))).toEqual(new Set(['lost connect']));
    expect(smtp.chunks.at(-1)?.bytes).toBe('QUIT\r\n');
    expect(bulk.connections()).toBe(0);
  });
});

it('any faults: one outcome each, nothing twice, and no acceptance that the server did not give', async () => {
  const faults: (Answer | undefined)[] = [
    { say: '451 4.3.0 later' },
    { say: '550 5.7.1 no' },
    { say: '421 4.3.2 closing', after: 'end' },
    { say: '421 4.3.2 closing, and reading on' },
    { after: 'drop' },
    { after: 'end' },
    { unsaid: true, after: 'drop' },
    { unsaid: true, after: 'end' },
  ];
  const steps: Step[] = ['greeting', 'ehlo', 'mail', 'rcpt', 'data', 'dot', 'rset'];
  const fault = fc.record({
    step: fc.constantFrom(...steps),
    connection: fc.integer({ min: 1, max: 4 }),
    nth: fc.integer({ min: 1, max: 4 }),
    answer: fc.constantFrom(...faults),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 12 }),
      fc.constantFrom<[Pipelining, Relay['client']?]>(
        ['chunked'],
        ['full'],
        ['envelope'],
        ['off'],
        ['off', 'nodemailer'],
      ),
      fc.integer({ min: 1, max: 3 }),
      async (plan, [pipelining, client], connections) => {
        const script: Script = Object.fromEntries(
          steps.map((step) => [
            step,
            ({ connection, nth }: { connection: number; nth: number }) =>
              plan.find((f) => f.step === step && f.connection === connection && f.nth === nth)?.answer,
          ]),
        );
        const offer = '250-scripted|250-PIPELINING|250 CHUNKING';
        const ehlo: Script['ehlo'] = (turn) =>
          plan.find((f) => f.step === 'ehlo' && f.connection === turn.connection)?.answer ?? offer;
        const smtp = await scriptedSmtp({ ...script, ehlo });
        const bulk = openBulk([client ? { ...smtp.relay, client } : smtp.relay], {
          ehloName: 'client.example.org',
          pipelining,
          connections,
          messagesPerConnection: 5,
        });
        try {
          const outcomes = await sendAll(bulk, names(20));
          await bulk.close();
          outcomes.forEach((outcome, at) => {
            const taken = smtp.accepted.filter((to) => to === `reader${at}@example.com`).length;
            if (outcome.kind === 'lost') expect(taken).toBeLessThanOrEqual(outcome.afterDot ? 1 : 0);
            else expect(taken).toBe(outcome.reply.code < 300 ? 1 : 0);
          });
        } finally {
          bulk.cut();
          await smtp.close();
        }
      },
    ),
    { numRuns: 100 },
  );
});
