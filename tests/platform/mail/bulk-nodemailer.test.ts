import { afterEach, describe, expect, it } from 'vitest';
import { type Bulk, openBulk } from '../../../src/platform/mail/bulk.ts';
import type { Relay } from '../../../src/platform/mail/relay.ts';
import type { Script, ScriptedSmtp } from '../../support/scripted-smtp.ts';
import { until } from '../../support/until.ts';
import { body, brief, envelope, server } from './talk.ts';

const open: Bulk[] = [];
afterEach(() => {
  for (const bulk of open.splice(0)) bulk.cut();
});

function pool(smtp: ScriptedSmtp, over: Partial<Relay> = {}, timeouts = {}): Bulk {
  const relay: Relay = { ...smtp.relay, client: 'nodemailer', connections: 1, ...over };
  const bulk = openBulk([relay], { ehloName: 'client.example.org', timeouts });
  open.push(bulk);
  return bulk;
}

async function send(bulk: Bulk, ...names: string[]): Promise<string[]> {
  const outcomes = names.map((name) => bulk.deliver(envelope(name), () => body(name)));
  return (await Promise.all(outcomes)).map(brief);
}

const second = (answer: string) => (turn: { nth: number }) => (turn.nth === 2 ? answer : undefined);

describe('through nodemailer’s client', () => {
  it('mail arrives, one message at a time, byte for byte', async () => {
    const smtp = await server();
    const bulk = pool(smtp);
    const data = 'Subject: x\r\n\r\n.\r\n..two\r\n';
    const outcome = await bulk.deliver({ ...envelope('ayu'), dotted: true }, () => data);
    expect(brief(outcome)).toBe('dot 250');
    expect(smtp.bodies).toEqual([data]);
    expect(await send(bulk, 'budi', 'citra')).toEqual(['dot 250', 'dot 250']);
    expect(smtp.connections).toBe(1);
    await bulk.close();
    expect(smtp.chunks.at(-1)?.bytes).toBe('QUIT\r\n');
  });

  it.each([
    ['mail', '550 5.1.8 no such sender domain', 'mail 550'],
    ['rcpt', '550-5.1.1 no|550 5.1.1 such user', 'rcpt 550'],
    ['rcpt', '450 4.2.1 later', 'rcpt 450'],
    ['data', '451 4.3.0 later', 'data 451'],
    ['dot', '554 5.7.1 spam', 'dot 554'],
  ] as const)('%s answered %j is that message’s own', async (step, answer, expected) => {
    for (const offer of [{}, { ehlo: '250-scripted|250 8BITMIME' }] as Script[]) {
      const smtp = await server({ ...offer, [step]: second(answer) });
      expect(await send(pool(smtp), 'ayu', 'budi', 'citra')).toEqual(['dot 250', expected, 'dot 250']);
      expect(smtp.accepted).toEqual(['ayu@example.com', 'citra@example.com']);
      expect(smtp.connections).toBe(1);
    }
  });

  it('what is lost once the server has asked for the body is in doubt, and only that', async () => {
    const smtp = await server({
      rcpt: ({ line }) => (line.includes('dewi') ? { unsaid: true, after: 'end' } : undefined),
      dot: ({ connection, nth }) =>
        connection === 1 && nth === 2 ? { unsaid: true, after: 'drop' } : undefined,
    });
    const bulk = pool(smtp);
    expect(await send(bulk, 'ayu', 'budi', 'citra')).toEqual(['dot 250', 'lost dot in doubt', 'dot 250']);
    expect(await send(bulk, 'dewi')).toEqual(['lost mail']);
    expect(smtp.accepted).toEqual(['ayu', 'budi', 'citra'].map((name) => `${name}@example.com`));
  });

  it('a server that hangs up between messages costs none', async () => {
    const smtp = await server({ dot: { after: 'end' } });
    expect(await send(pool(smtp), 'ayu', 'budi', 'citra')).toEqual(['dot 250', 'dot 250', 'dot 250']);
    expect(smtp.connections).toBe(3);
  });

  it('421 is the answer, and the end', async () => {
    const smtp = await server({ rcpt: second('421 4.3.2 shutting down') });
    const bulk = pool(smtp);
    expect(await send(bulk, 'ayu', 'budi')).toEqual(['dot 250', 'mail 421']);
    expect(await send(bulk, 'citra')).toEqual(['dot 250']);
    expect(smtp.connections).toBe(2);
  });

  it('a silent server is given up', async () => {
    const smtp = await server({ dot: { after: 'never' } });
    expect(await send(pool(smtp, {}, { dotMs: 60 }), 'ayu')).toEqual(['lost dot in doubt']);
  });

  it('cutting says what is in doubt', async () => {
    const smtp = await server({ dot: { after: 'never' } });
    const bulk = pool(smtp);
    const outcomes = send(bulk, 'ayu', 'budi');
    await until(() => smtp.chunks.some(({ bytes }) => bytes.includes('\r\n.\r\n')));
    bulk.cut();
    expect(await outcomes).toEqual(['lost dot in doubt', 'lost connect']);
    expect(bulk.connections()).toBe(0);
  });

  it('a new connection is opened after as many messages as the relay says', async () => {
    const smtp = await server();
    expect(await send(pool(smtp, { messages: 2 }), 'ayu', 'budi', 'citra')).toEqual([
      'dot 250',
      'dot 250',
      'dot 250',
    ]);
    expect(smtp.connections).toBe(2);
  });

  it('reports are asked for where the server offers DSN', async () => {
    const smtp = await server({ ehlo: '250-x|250-SIZE 1000|250-PIPELINING|250 DSN' });
    await pool(smtp).deliver({ ...envelope('ayu'), envelopeId: 'dlv_1_2' }, () => body('ayu'));
    const sent = smtp.chunks.map(({ bytes }) => bytes).join('');
    expect(sent).toContain('MAIL FROM:<news@example.org> SIZE=21 RET=HDRS ENVID=dlv_1_2\r\n');
    expect(sent).toContain('RCPT TO:<ayu@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;ayu@example.com\r\n');
  });

  it('an address that the server’s offer rules out is refused without asking', async () => {
    const smtp = await server({ ehlo: '250 x' });
    const outcome = await pool(smtp).deliver({ from: '', to: 'ayü@example.com' }, () => body('x'));
    expect(outcome).toMatchObject({ kind: 'reply', phase: 'rcpt', reply: { code: 553, status: '5.6.7' } });
  });

  it.each<[string, Script, Partial<Relay>, string]>([
    ['is busy', { greeting: '421 4.3.2 too busy' }, {}, 'greeting'],
    ['hangs up', { greeting: { after: 'end' } }, {}, 'connect'],
    ['lacks the TLS that is required', {}, { requireTls: true }, 'starttls'],
    [
      'refuses the password',
      { ehlo: '250-x|250 AUTH PLAIN', auth: '535 5.7.8 no' },
      { auth: { user: 'u', pass: 's3cret' } },
      'auth',
    ],
    [
      'refuses the token',
      {
        ehlo: '250-x|250 AUTH XOAUTH2',
        auth: ({ line }) => (line === '' ? '535 5.7.8 no' : '334 eyJzdGF0dXMiOiI0MDAifQ=='),
      },
      { auth: { user: 'u', pass: 's3cret', mechanism: 'xoauth2' } },
      'auth',
    ],
  ])('a server that %s is lost with its phase', async (_what, script, over, phase) => {
    const smtp = await server(script);
    const outcome = await pool(smtp, over).deliver(envelope('ayu'), () => body('ayu'));
    expect(outcome).toMatchObject({ kind: 'lost', phase, afterDot: false });
    expect(JSON.stringify(outcome)).not.toContain('s3cret');
  });
});
