import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SmtpConnection } from '../../../src/platform/mail/smtp.ts';
import type { Answer, Script, ScriptedSmtp, Turn } from '../../support/scripted-smtp.ts';
import { until } from '../../support/until.ts';
import { body, brief, connect, envelope, send, server } from './talk.ts';

const chunking: Script = { ehlo: '250-scripted|250-PIPELINING|250-8BITMIME|250 CHUNKING' };
const chunked = (to: ScriptedSmtp, timeouts = {}): Promise<SmtpConnection> =>
  connect(to, { pipelining: 'chunked', timeouts });
const whole = (name: string) =>
  `MAIL FROM:<news@example.org>\r\nRCPT TO:<${name}@example.com>\r\nBDAT ${body(name).length} LAST\r\n${body(name)}`;
/** The messages of which every byte has arrived. */
const arrived = (smtp: ScriptedSmtp) =>
  smtp.chunks
    .map(({ bytes }) => bytes)
    .join('')
    .split(' LAST\r\n').length - 1;
const second = (answer: Answer) => (turn: Turn) => (turn.nth === 2 ? answer : undefined);

describe('where the server offers CHUNKING', () => {
  it('a message leaves whole in one write, and the next one behind it before it is answered', async () => {
    const smtp = await server({ ...chunking, dot: { waitMs: 20 } });
    const connection = await chunked(smtp);
    const outcomes = await send(connection, 'ayu', 'budi', 'citra');
    await connection.quit();
    expect(outcomes.map(brief)).toEqual(['dot 250', 'dot 250', 'dot 250']);
    expect(smtp.bodies).toEqual([body('ayu'), body('budi'), body('citra')]);
    expect(smtp.chunks.map(({ bytes }) => bytes).join('')).toBe(
      `EHLO client.example.org\r\n${whole('ayu')}RSET\r\n${whole('budi')}RSET\r\n${whole('citra')}QUIT\r\n`,
    );
  });

  it('two messages are under way at once, never three', async () => {
    const smtp = await server({ ...chunking, dot: second({ after: 'never' }) });
    const connection = await chunked(smtp);
    const taken: string[] = [];
    const waiting = ['ayu', 'budi', 'citra', 'dewi', 'eka'];
    connection.take = () => {
      const name = waiting.shift();
      if (name === undefined) return undefined;
      taken.push(name);
      return { envelope: envelope(name), data: body(name), settle: () => {} };
    };
    while (connection.wake());
    expect(taken).toEqual(['ayu', 'budi']);
    await until(() => arrived(smtp) === 3);
    expect(taken).toEqual(['ayu', 'budi', 'citra']);
    expect(connection.wake()).toBe(false);
  });

  it('nothing is reset on a connection that rests after a message was taken', async () => {
    const smtp = await server(chunking);
    const connection = await chunked(smtp);
    await send(connection, 'ayu');
    await send(connection, 'budi');
    expect(smtp.chunks.map(({ bytes }) => bytes).join('')).not.toContain('RSET');
  });

  it('lines that begin with a dot stay as they are', async () => {
    const smtp = await server(chunking);
    const connection = await chunked(smtp);
    const data = 'Subject: x\r\n\r\n.\r\n..two\r\nno end';
    const outcome = await connection.deliver({ ...envelope('ayu'), dotted: true }, data);
    expect(brief(outcome)).toBe('dot 250');
    expect(smtp.bodies).toEqual([`${data}\r\n`]);
    expect(smtp.chunks.at(-1)?.bytes).toContain(`BDAT ${data.length + 2} LAST\r\n${data}`);
  });

  it.each<[string, string]>([
    ['PIPELINING is not offered', '250-x|250 CHUNKING'],
    ['CHUNKING is not offered', '250-x|250 PIPELINING'],
  ])('the message leaves by DATA when %s', async (_when, ehlo) => {
    const smtp = await server({ ehlo });
    expect((await send(await chunked(smtp), 'ayu', 'budi')).map(brief)).toEqual(['dot 250', 'dot 250']);
    expect(smtp.chunks.map(({ bytes }) => bytes).join('')).not.toContain('BDAT');
  });

  it('the message leaves by DATA when the relay says chunking=off', async () => {
    const smtp = await server(chunking);
    const relay = { ...smtp.relay, chunking: false };
    const connection = await connect({ relay }, { pipelining: 'chunked' });
    expect((await send(connection, 'ayu')).map(brief)).toEqual(['dot 250']);
    expect(smtp.chunks.map(({ bytes }) => bytes).join('')).not.toContain('BDAT');
  });

  it.each<[keyof Script & ('mail' | 'rcpt' | 'dot'), string, string]>([
    ['mail', '550 5.1.8 no such sender domain', 'mail 550'],
    ['rcpt', '550-5.1.1 no|550 5.1.1 such user', 'rcpt 550'],
    ['rcpt', '450 4.2.1 later', 'rcpt 450'],
    ['dot', '554 5.7.1 spam', 'dot 554'],
    ['dot', '452 4.3.1 full', 'dot 452'],
  ])(
    '%s answered %j is that message’s own, though all its bytes have left',
    async (step, answer, expected) => {
      const smtp = await server({ ...chunking, [step]: second(answer) });
      const outcomes = await send(await chunked(smtp), 'ayu', 'budi', 'citra', 'dewi');
      expect(outcomes.map(brief)).toEqual(['dot 250', expected, 'dot 250', 'dot 250']);
      expect(smtp.accepted).toEqual(['ayu', 'citra', 'dewi'].map((name) => `${name}@example.com`));
      expect(smtp.connections).toBe(1);
    },
  );

  it('a server that takes a message for nobody has not taken it', async () => {
    const smtp = await server({ ...chunking, rcpt: second('550 5.1.1 no'), dot: '250 taken' });
    const outcomes = await send(await chunked(smtp), 'ayu', 'budi', 'citra');
    expect(outcomes.map(brief)).toEqual(['dot 250', 'rcpt 550', 'dot 250']);
    expect(smtp.accepted).toEqual(['ayu@example.com', 'citra@example.com']);
  });
});

describe('a message whose bytes have all left', () => {
  it.each(['mail', 'rcpt', 'dot'] as const)(
    'is in doubt when the connection breaks instead of the answer to %s',
    async (step) => {
      const smtp = await server({ ...chunking, [step]: { unsaid: true, after: 'drop' } });
      expect((await send(await chunked(smtp), 'ayu')).map(brief)).toEqual(['lost dot in doubt']);
    },
  );

  it('is in doubt with the one before it, and nothing else is, when the server dies', async () => {
    const smtp = await server({ ...chunking, dot: { after: 'never' } });
    const connection = await chunked(smtp);
    const outcomes = send(connection, 'ayu', 'budi', 'citra');
    await until(() => arrived(smtp) === 2);
    await smtp.close();
    expect((await outcomes).map(brief)).toEqual(['lost dot in doubt', 'lost dot in doubt', 'lost mail']);
  });

  it.each([
    ['mail', 'mailMs', 'MAIL'],
    ['rcpt', 'rcptMs', 'RCPT'],
    ['dot', 'dotMs', 'the message'],
  ] as const)('is in doubt when the server falls silent at %s', async (step, timeout, what) => {
    const smtp = await server({ ...chunking, [step]: { after: 'never' } });
    const [outcome] = await send(await chunked(smtp, { [timeout]: 60 }), 'ayu');
    expect(outcome).toMatchObject({
      kind: 'lost',
      afterDot: true,
      reason: `no reply to ${what} within 0.06 s`,
    });
  });

  it.each(['rset', 'mail', 'rcpt', 'dot'] as const)(
    'was not read by a server that says 421 at %s of the message before it',
    async (step) => {
      const said = { say: '421 4.3.2 shutting down', after: 'end' } as const;
      const nth = step === 'rset' ? 1 : 2;
      const smtp = await server({
        ...chunking,
        [step]: (turn: Turn) => (turn.nth === nth ? said : undefined),
      });
      const outcomes = await send(await chunked(smtp), 'ayu', 'budi', 'citra');
      const answered = step === 'rset' ? 'lost mail' : `${step} 421`;
      expect(outcomes.map(brief)).toEqual(['dot 250', answered, 'lost mail']);
      expect(smtp.accepted).toEqual(['ayu@example.com']);
    },
  );

  it('is answered all the same by a server that says 421 and reads on', async () => {
    const smtp = await server({ ...chunking, rcpt: second('421 4.3.2 not this one') });
    const connection = await chunked(smtp);
    const outcomes = await send(connection, 'ayu', 'budi', 'citra', 'dewi');
    expect(outcomes.map(brief)).toEqual(['dot 250', 'rcpt 421', 'dot 250', 'lost mail']);
    expect(connection.closed).toBe(true);
  });

  it('is in doubt when a server says 421 and then neither answers nor closes', async () => {
    const smtp = await server({
      ...chunking,
      mail: second('421 4.3.2 bye'),
      rcpt: second({ after: 'never' }),
    });
    const outcomes = await send(await chunked(smtp, { quitMs: 60 }), 'ayu', 'budi', 'citra', 'dewi');
    expect(outcomes.map(brief)).toEqual(['dot 250', 'mail 421', 'lost dot in doubt', 'lost mail']);
  });

  it('is in doubt after an answer that does not fit', async () => {
    const smtp = await server({ ...chunking, mail: second('354 what') });
    const connection = await chunked(smtp);
    const outcomes = await send(connection, 'ayu', 'budi', 'citra');
    expect(outcomes.map(brief)).toEqual(['dot 250', 'lost dot in doubt', 'lost dot in doubt']);
    expect(connection.confused).toBe(true);
  });

  it('is in doubt when the server hangs up without a word, and less is sent at once from then on', async () => {
    const smtp = await server({ ...chunking, dot: { after: 'end' } });
    const connection = await chunked(smtp);
    expect((await send(connection, 'ayu', 'budi')).map(brief)).toEqual(['dot 250', 'lost dot in doubt']);
    expect(connection.confused).toBe(true);
  });
});

it('a long message that was cut short is not in doubt, whatever was to come behind it', async () => {
  const smtp = await server({ ...chunking, dropInBodyAtBytes: 64 * 1024 });
  const connection = await chunked(smtp);
  const long = connection.deliver(envelope('ayu'), `${'x'.repeat(78)}\r\n`.repeat(150_000));
  const behind = connection.deliver(envelope('budi'), body('budi'));
  expect(brief(await long)).toMatch(/^lost (mail|rcpt|data)$/);
  expect(brief(await behind)).toBe('lost mail');
});

it('a long message leaves piece by piece, each when there is room, and the next one after it', async () => {
  const smtp = await server(chunking);
  const connection = await chunked(smtp);
  const long = `Subject: long\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(50_000)}`;
  const outcomes = await Promise.all([
    connection.deliver(envelope('ayu'), long),
    connection.deliver(envelope('budi'), body('budi')),
  ]);
  expect(outcomes.map(brief)).toEqual(['dot 250', 'dot 250']);
  expect(smtp.bodies[0] === long).toBe(true);
});

it('a long message that does not drain is given up, and is not in doubt', async () => {
  const smtp = await server({ ...chunking, deafInBody: true });
  const connection = await chunked(smtp, { mailMs: 60, blockMs: 60 });
  const outcome = await connection.deliver(envelope('ayu'), `${'x'.repeat(78)}\r\n`.repeat(150_000));
  expect(outcome).toMatchObject({
    kind: 'lost',
    afterDot: false,
    reason: expect.stringContaining('no reply'),
  });
});

it('gives the same outcomes however the server’s bytes are split', async () => {
  const script: Script = {
    ...chunking,
    mail: ({ nth }) => (nth === 4 ? '250-2.1.0 sender|250 2.1.0 ok' : undefined),
    rcpt: ({ line }) => (line.includes('budi') ? '550-5.1.1 no|550-5.1.1 such|550 5.1.1 user' : undefined),
    dot: ({ nth }) => (nth === 3 ? '452-4.2.2 full|452 4.2.2 really' : undefined),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      async (pieceBytes) => {
        const smtp = await server({ ...script, pieceBytes });
        const outcomes = await send(await chunked(smtp), 'ayu', 'budi', 'citra', 'dewi');
        expect(outcomes.map(brief)).toEqual(['dot 250', 'rcpt 550', 'dot 452', 'dot 250']);
      },
    ),
    { numRuns: 12, examples: [[[1]], [[2, 1]]] },
  );
});
