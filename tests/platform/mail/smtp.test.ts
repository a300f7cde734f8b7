import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SmtpOptions } from '../../../src/platform/mail/open-smtp.ts';
import type { Script } from '../../support/scripted-smtp.ts';
import { until } from '../../support/until.ts';
import { body, brief, connect, envelope, send, server } from './talk.ts';

const withoutPipelining = { ehlo: '250-scripted|250 8BITMIME' };

describe.each([
  ['with the next envelope behind the body', {}, {}],
  ['with the envelope in one write', {}, { pipelining: 'envelope' as const }],
  ['one command at a time', withoutPipelining, {}],
])('a connection %s', (_name, offer: Script, options: Partial<SmtpOptions>) => {
  it('hands over several messages, each answered for itself', async () => {
    const smtp = await server(offer);
    const outcomes = await send(await connect(smtp, options), 'ayu', 'budi', 'citra');
    expect(outcomes.map(brief)).toEqual(['dot 250', 'dot 250', 'dot 250']);
    expect(smtp.accepted).toEqual(['ayu@example.com', 'budi@example.com', 'citra@example.com']);
    expect(smtp.bodies).toEqual([body('ayu'), body('budi'), body('citra')]);
  });

  it.each([
    ['mail', '550 5.1.8 no such sender domain', 'mail 550'],
    ['rcpt', '550 5.1.1 no such user', 'rcpt 550'],
    ['rcpt', '450 4.2.1 later', 'rcpt 450'],
    ['data', '451 4.3.0 later', 'data 451'],
    ['dot', '554 5.7.1 spam', 'dot 554'],
    ['dot', '452 4.3.1 full', 'dot 452'],
  ] as const)('keeps going after %s is answered %s', async (step, answer, expected) => {
    const smtp = await server({
      ...offer,
      [step]: ({ nth }: { nth: number }) => (nth === 2 ? answer : undefined),
    });
    const outcomes = await send(await connect(smtp, options), 'ayu', 'budi', 'citra');
    expect(outcomes.map(brief)).toEqual(['dot 250', expected, 'dot 250']);
    expect(smtp.accepted).toEqual(['ayu@example.com', 'citra@example.com']);
    expect(smtp.connections).toBe(1);
  });

  it.each([
    ['mail', 'lost mail'],
    ['rcpt', 'lost rcpt'],
    ['data', 'lost data'],
    ['dot', 'lost dot in doubt'],
  ] as const)('says so when the connection breaks instead of an answer to %s', async (step, expected) => {
    const smtp = await server({ ...offer, [step]: { unsaid: true, after: 'drop' } });
    const [outcome] = await send(await connect(smtp, options), 'ayu');
    expect(outcome && brief(outcome)).toBe(expected);
    expect(smtp.accepted).toEqual(step === 'dot' ? ['ayu@example.com'] : []);
  });

  it.each([
    ['mail', 'mailMs', 'lost mail'],
    ['rcpt', 'rcptMs', 'lost rcpt'],
    ['data', 'dataMs', 'lost data'],
    ['dot', 'dotMs', 'lost dot in doubt'],
  ] as const)('gives up on a server that falls silent at %s', async (step, timeout, expected) => {
    const smtp = await server({ ...offer, [step]: { after: 'never' } });
    const connection = await connect(smtp, { ...options, timeouts: { [timeout]: 60 } });
    const [outcome] = await send(connection, 'ayu');
    expect(outcome && brief(outcome)).toBe(expected);
    expect(outcome).toMatchObject({ reason: expect.stringContaining('no reply to') });
    expect(connection.closed).toBe(true);
  });

  it.each(['mail', 'rcpt', 'data', 'dot'] as const)(
    'takes 421 at %s as the answer, and the end',
    async (step) => {
      const smtp = await server({ ...offer, [step]: '421 4.3.2 shutting down' });
      const connection = await connect(smtp, options);
      const outcomes = await send(connection, 'ayu', 'budi');
      expect(outcomes.map(brief)).toEqual([`${step} 421`, 'lost mail']);
      expect(connection.closed).toBe(true);
    },
  );

  it.each([
    ['mail', '354 what', 'lost mail'],
    ['rcpt', '354 what', 'lost rcpt'],
    ['data', '250 what', 'lost data'],
    ['dot', '354 what', 'lost dot in doubt'],
  ] as const)('trusts nothing after a senseless answer to %s', async (step, answer, expected) => {
    const smtp = await server({ ...offer, [step]: answer });
    const [outcome] = await send(await connect(smtp, options), 'ayu');
    expect(outcome && brief(outcome)).toBe(expected);
  });

  it('loses nothing that was under way when it is cut, and sends no QUIT', async () => {
    const smtp = await server({ ...offer, dot: { after: 'never' } });
    const connection = await connect(smtp, options);
    const outcomes = send(connection, 'ayu', 'budi');
    await until(() => smtp.chunks.some(({ bytes }) => bytes.includes('\r\n.\r\n')));
    connection.cut('stopping');
    expect((await outcomes).map(brief)).toEqual(['lost dot in doubt', 'lost mail']);
    expect(brief(await connection.deliver(envelope('citra'), body('citra')))).toBe('lost mail');
  });

  it('finishes what it was given before it quits', async () => {
    const smtp = await server(offer);
    const connection = await connect(smtp, options);
    const outcomes = send(connection, 'ayu', 'budi');
    await Promise.all([connection.quit(), connection.quit()]);
    expect((await outcomes).map(brief)).toEqual(['dot 250', 'dot 250']);
    expect(smtp.chunks.at(-1)?.bytes).toBe('QUIT\r\n');
    expect(connection.closed).toBe(true);
  });

  it('gives the same outcomes however the server’s bytes are split', async () => {
    const script: Script = {
      ...offer,
      mail: ({ nth }) => (nth === 4 ? '250-2.1.0 sender|250 2.1.0 ok' : undefined),
      rcpt: ({ line }) =>
        line.includes('budi') ? '550-5.1.1 no|550-5.1.1 such|550 5.1.1 user' : '250 2.1.5 ok',
      dot: ({ nth }) => (nth === 2 ? '452-4.2.2 full|452 4.2.2 really' : undefined),
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
        async (pieceBytes) => {
          const smtp = await server({ ...script, pieceBytes });
          const outcomes = await send(await connect(smtp, options), 'ayu', 'budi', 'citra', 'dewi');
          expect(outcomes.map(brief)).toEqual(['dot 250', 'rcpt 550', 'dot 452', 'dot 250']);
          expect(outcomes[1]).toMatchObject({ reply: { status: '5.1.1', text: 'no such user' } });
        },
      ),
      { numRuns: 12, examples: [[[1]], [[2, 1]]] },
    );
  });
});

describe('on the wire', () => {
  it('the envelope leaves in one write, and the next one with the body before it', async () => {
    const smtp = await server();
    const connection = await connect(smtp);
    await send(connection, 'ayu', 'budi');
    await connection.quit();
    const commands = (name: string) =>
      `MAIL FROM:<news@example.org>\r\nRCPT TO:<${name}@example.com>\r\nDATA\r\n`;
    expect(smtp.chunks.map(({ bytes }) => bytes)).toEqual([
      'EHLO client.example.org\r\n',
      commands('ayu'),
      `${body('ayu')}.\r\n${commands('budi')}`,
      `${body('budi')}.\r\n`,
      'QUIT\r\n',
    ]);
  });

  it('without PIPELINING each command waits for its answer', async () => {
    const smtp = await server(withoutPipelining);
    await send(await connect(smtp), 'ayu');
    expect(smtp.chunks.slice(1).map(({ bytes }) => bytes.split(/[ :\r]/)[0])).toEqual([
      'MAIL',
      'RCPT',
      'DATA',
      'Subject',
    ]);
  });

  it('a refused transaction is reset before the next envelope', async () => {
    const smtp = await server({
      rcpt: ({ nth }) => (nth === 1 ? '550 5.1.1 no' : undefined),
    });
    await send(await connect(smtp), 'ayu', 'budi');
    expect(smtp.chunks[2]?.bytes).toMatch(/^RSET\r\nMAIL FROM/);
    expect(smtp.accepted).toEqual(['budi@example.com']);
  });

  it('DATA accepted without a recipient gets a lone dot, never the message', async () => {
    const smtp = await server({
      rcpt: ({ nth }) => (nth === 1 ? '550 5.1.1 no' : undefined),
      data: '354 go',
      dot: ({ nth }) => (nth === 1 ? '554 no recipients' : undefined),
    });
    const outcomes = await send(await connect(smtp), 'ayu', 'budi');
    expect(outcomes.map(brief)).toEqual(['rcpt 550', 'dot 250']);
    expect(smtp.chunks[2]?.bytes).toMatch(/^\.\r\nRSET\r\nMAIL FROM/);
    expect(smtp.bodies).toEqual([body('budi')]);
  });

  it('DATA accepted after a refused MAIL is not answered at all', async () => {
    const smtp = await server({ mail: '550 5.7.1 no', data: '354 go' });
    const connection = await connect(smtp);
    const outcomes = await send(connection, 'ayu');
    expect(outcomes.map(brief)).toEqual(['mail 550']);
    await until(() => connection.closed);
    expect(smtp.chunks.slice(2)).toEqual([]);
  });

  it('a message that comes while another waits for its answer still goes at once', async () => {
    const smtp = await server({ dot: ({ nth }) => (nth === 1 ? { waitMs: 150 } : undefined) });
    const connection = await connect(smtp);
    const first = send(connection, 'ayu');
    await until(() => smtp.chunks.some(({ bytes }) => bytes.startsWith('Subject')));
    const second = send(connection, 'budi');
    await until(() => smtp.chunks.some(({ bytes }) => bytes.includes('budi')));
    expect(smtp.bodies).toEqual([]);
    expect((await Promise.all([first, second])).flat().map(brief)).toEqual(['dot 250', 'dot 250']);
  });

  it('names size and encoding where the server knows them, as bytes of UTF-8', async () => {
    const smtp = await server({ ehlo: '250-x|250-SIZE 1000|250-8BITMIME|250 SMTPUTF8' });
    const connection = await connect(smtp);
    await connection.deliver({ from: 'news@example.org', to: 'ayü@example.com' }, body('x'));
    const text = Buffer.from(smtp.chunks.map(({ bytes }) => bytes).join(''), 'latin1').toString('utf8');
    expect(text).toContain(
      'MAIL FROM:<news@example.org> SIZE=17 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<ayü@example.com>\r\n',
    );
  });

  it('asks for reports where the server offers DSN, and nowhere else', async () => {
    const asking = { ...envelope('a+b=c'), envelopeId: 'dlv_1_2+3=4' };
    const offers: [ehlo: string, mail: string, rcpt: string][] = [
      [
        '250-x|250 DSN',
        ' RET=HDRS ENVID=dlv_1_2+2B3+3D4',
        ' NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.com',
      ],
      ['250 x', '', ''],
    ];
    for (const [ehlo, mail, rcpt] of offers) {
      const smtp = await server({ ehlo });
      const connection = await connect(smtp);
      await connection.deliver(asking, body('x'));
      await send(connection, 'ayu');
      const sent = smtp.chunks.map(({ bytes }) => bytes).join('');
      expect(sent).toContain(`MAIL FROM:<news@example.org>${mail}\r\nRCPT TO:<a+b=c@example.com>${rcpt}\r\n`);
      expect(sent).toContain('MAIL FROM:<news@example.org>\r\nRCPT TO:<ayu@example.com>\r\n');
    }
    const wrong = (await connect(await server())).deliver({ ...asking, envelopeId: 'a b' }, body('x'));
    await expect(wrong).rejects.toThrow('RFC 3461');
  });

  it('refuses by itself what the server’s offer rules out', async () => {
    const smtp = await server({ ehlo: '250-x|250-PIPELINING|250 SIZE 100' });
    const connection = await connect(smtp);
    const tooLong = await connection.deliver(envelope('ayu'), 'x'.repeat(101));
    expect(tooLong).toMatchObject({ kind: 'reply', phase: 'mail', reply: { code: 552, status: '5.3.4' } });
    const international = await connection.deliver({ from: '', to: 'ayü@example.com' }, body('x'));
    expect(international).toMatchObject({ kind: 'reply', reply: { code: 553, status: '5.6.7' } });
    expect(smtp.chunks).toHaveLength(1);
  });

  it('tells a message cut in half from one in doubt', async () => {
    const smtp = await server({ dropInBodyAtBytes: 64 * 1024 });
    const connection = await connect(smtp);
    // Far more than the kernel buffers, so the end cannot have left.
    const outcome = await connection.deliver(
      envelope('ayu'),
      `Subject: long\r\n\r\n${'x'.repeat(78)}\r\n`.repeat(150_000),
    );
    expect(brief(outcome)).toBe('lost data');
    expect(smtp.accepted).toEqual([]);
  });

  it('gives up a body of which no more can leave, and it is not in doubt', async () => {
    const smtp = await server({ deafInBody: true });
    const connection = await connect(smtp, { timeouts: { blockMs: 60 } });
    const outcome = await connection.deliver(envelope('ayu'), `${'x'.repeat(78)}\r\n`.repeat(150_000));
    expect(outcome).toMatchObject({ kind: 'lost', phase: 'data', afterDot: false });
    expect(outcome).toMatchObject({ reason: 'no reply to the message within 0.06 s' });
  });

  it('does not wait long for the answer to QUIT', async () => {
    const smtp = await server({ quit: { after: 'never' } });
    const connection = await connect(smtp, { timeouts: { quitMs: 60 } });
    const closed: string[] = [];
    connection.onClosed = (reason) => closed.push(reason);
    await connection.quit();
    expect(closed).toEqual(['no reply to QUIT within 0.06 s']);
  });

  it('sends a body longer than any buffer whole, and the next message after it', async () => {
    const smtp = await server();
    const long = `Subject: long\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(110_000)}`;
    const connection = await connect(smtp);
    const outcomes = await Promise.all([
      connection.deliver(envelope('ayu'), long),
      connection.deliver(envelope('budi'), body('budi')),
    ]);
    expect(outcomes.map(brief)).toEqual(['dot 250', 'dot 250']);
    expect(smtp.bodies[0] === long).toBe(true);
  });

  it('lets no address carry a command of its own', async () => {
    const smtp = await server();
    const connection = await connect(smtp);
    for (const to of ['a@b>\r\nRCPT TO:<x@y', 'a b@c', '', 'a\0@b']) {
      await expect(connection.deliver({ from: 'news@example.org', to }, body('x'))).rejects.toThrow(
        'recipient',
      );
    }
    await expect(connection.deliver({ from: 'a@b>\n', to: 'a@b' }, body('x'))).rejects.toThrow('sender');
    expect(smtp.chunks).toHaveLength(1);
  });

  it('a server that closes between messages breaks nothing', async () => {
    const smtp = await server({ dot: { after: 'end' } });
    const connection = await connect(smtp);
    expect((await send(connection, 'ayu')).map(brief)).toEqual(['dot 250']);
    await until(() => connection.closed);
    await connection.quit();
  });

  it('closes on an answer nobody asked for', async () => {
    const smtp = await server({ dot: '250 ok|250 and again' });
    const connection = await connect(smtp);
    expect((await send(connection, 'ayu')).map(brief)).toEqual(['dot 250']);
    await until(() => connection.closed);
  });
});
