import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createServer as createTlsServer } from 'node:tls';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openSmtp, type SmtpOptions } from '../../../src/platform/mail/open-smtp.ts';
import { parseRelayUrl, type Relay } from '../../../src/platform/mail/relay.ts';
import type { SmtpConnection } from '../../../src/platform/mail/smtp.ts';
import { smtpData } from '../../../src/platform/mail/smtp-data.ts';
import { readCapabilities } from '../../../src/platform/mail/smtp-handshake.ts';
import { SmtpLost } from '../../../src/platform/mail/smtp-outcome.ts';
import { verifyRelay } from '../../../src/platform/mail/verify-relay.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { type Script, scriptedSmtp } from '../../support/scripted-smtp.ts';

const certificates = makeCertificates();
afterAll(() => certificates.remove());
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function connect(relay: Relay, options: Partial<SmtpOptions> = {}): Promise<SmtpConnection> {
  const connection = await openSmtp(relay, { ehloName: 'client.example.org', ...options });
  open.push(() => connection.cut('the test is over'));
  return connection;
}

async function lostAt(relay: Relay, options: Partial<SmtpOptions> = {}): Promise<SmtpLost> {
  try {
    await connect(relay, options);
  } catch (error) {
    if (error instanceof SmtpLost) return error;
    throw error;
  }
  throw new Error('the connection came about');
}

async function scripted(
  script: Script,
  url = 'smtp://127.0.0.1',
): Promise<{ relay: Relay; sent: () => string }> {
  const smtp = await scriptedSmtp(script);
  open.push(() => smtp.close());
  return { relay: at(url, smtp.port), sent: () => smtp.chunks.map(({ bytes }) => bytes).join('') };
}

function at(url: string, port: number): Relay {
  return { ...parseRelayUrl(url), port };
}

describe('a server that does not come to mail', () => {
  it.each<[string, Script, string, string, string]>([
    [
      'is busy at the greeting',
      { greeting: '421 4.3.2 too busy' },
      'smtp://127.0.0.1',
      'greeting',
      '421 4.3.2 too busy',
    ],
    ['refuses us at the greeting', { greeting: '554 no' }, 'smtp://127.0.0.1', 'greeting', '554 no'],
    [
      'drops before the greeting',
      { greeting: { unsaid: true, after: 'end' } },
      'smtp://127.0.0.1',
      'greeting',
      'closed',
    ],
    ['hangs up after the greeting', { greeting: { after: 'end' } }, 'smtp://127.0.0.1', 'ehlo', 'closed'],
    [
      'speaks HTTP',
      { greeting: 'HTTP/1.1 400 Bad Request' },
      'smtp://127.0.0.1',
      'greeting',
      'no SMTP reply',
    ],
    ['refuses EHLO', { ehlo: '550 5.7.1 who are you' }, 'smtp://127.0.0.1', 'ehlo', '550 5.7.1 who are you'],
    [
      'speaks before it is asked',
      { greeting: '220 hello|250 and more' },
      'smtp://127.0.0.1',
      'ehlo',
      'out of turn',
    ],
    ['says goodbye behind EHLO', { ehlo: '250 x|421 bye' }, 'smtp://127.0.0.1', 'ehlo', 'out of turn'],
    [
      'lacks STARTTLS that is required',
      {},
      'smtp://127.0.0.1?tls=required',
      'starttls',
      'offers no STARTTLS',
    ],
    [
      'refuses STARTTLS it offers',
      { ehlo: '250-x|250 STARTTLS', starttls: '454 4.7.0 not now' },
      'smtp://127.0.0.1',
      'starttls',
      'not now',
    ],
    [
      'answers STARTTLS and drops',
      { ehlo: '250-x|250 STARTTLS', starttls: { say: '220 go', after: 'end' } },
      'smtp://127.0.0.1',
      'starttls',
      'closed',
    ],
    [
      'slips an answer in before TLS',
      { ehlo: '250-x|250 STARTTLS', starttls: '220 go|250 AUTH PLAIN' },
      'smtp://127.0.0.1',
      'starttls',
      'out of turn',
    ],
    [
      'slips half an answer in before TLS',
      { ehlo: '250-x|250 STARTTLS', starttls: '220 go\r\n250-AU' },
      'smtp://127.0.0.1',
      'starttls',
      'out of turn',
    ],
    [
      'offers no sign-in that we know',
      { ehlo: '250-x|250 AUTH CRAM-MD5' },
      'smtp://u:p@127.0.0.1',
      'auth',
      'neither',
    ],
    [
      'refuses the password',
      { ehlo: '250-x|250 AUTH PLAIN', auth: '535 5.7.8 wrong for user@example.com' },
      'smtp://u:s3cret@127.0.0.1',
      'auth',
      '535 5.7.8 wrong for u•••@example.com',
    ],
    [
      'offers no token sign-in',
      { ehlo: '250-x|250 AUTH PLAIN' },
      'smtp://u:s3cret@127.0.0.1?auth=xoauth2',
      'auth',
      'no AUTH XOAUTH2',
    ],
    [
      'refuses the token, with its reasons first',
      {
        ehlo: '250-x|250 AUTH XOAUTH2',
        auth: ({ line }) => (line === '' ? '535 5.7.8 expired' : '334 eyJzdGF0dXMiOiI0MDAifQ=='),
      },
      'smtp://u:s3cret@127.0.0.1?auth=xoauth2',
      'auth',
      'access token: 535 5.7.8 expired',
    ],
    [
      'refuses AUTH LOGIN half-way',
      { ehlo: '250-x|250 AUTH LOGIN', auth: ({ nth }) => (nth === 1 ? '334 VXNlcg==' : '501 5.5.2 no') },
      'smtp://u:p@127.0.0.1',
      'auth',
      '501',
    ],
  ])('%s: lost with its phase', async (_what, script, url, phase, sentence) => {
    const { relay } = await scripted(script, url);
    const lost = await lostAt(relay);
    expect(lost.phase).toBe(phase);
    expect(lost.message).toContain(sentence);
    expect(lost.message).not.toContain('s3cret');
  });

  it.each<[string, Script, string, Partial<SmtpOptions>]>([
    ['greeting', { greeting: { after: 'never' } }, 'smtp://127.0.0.1', { timeouts: { greetingMs: 50 } }],
    ['ehlo', { ehlo: { after: 'never' } }, 'smtp://127.0.0.1', { timeouts: { ehloMs: 50 } }],
    [
      'starttls',
      { ehlo: '250-x|250 STARTTLS', starttls: '220 go' },
      'smtp://127.0.0.1',
      { timeouts: { tlsMs: 50 } },
    ],
    [
      'auth',
      { ehlo: '250-x|250 AUTH PLAIN', auth: { after: 'never' } },
      'smtp://u:p@127.0.0.1',
      { timeouts: { authMs: 50 } },
    ],
    ['connect', { greeting: { after: 'never' } }, 'smtps://127.0.0.1', { timeouts: { connectMs: 50 } }],
  ])('is given up when it is silent at %s', async (phase, script, url, options) => {
    const { relay } = await scripted(script, url);
    expect(await lostAt(relay, options)).toMatchObject({ phase, message: 'no answer within 0.05 s' });
  });

  it('is not there', async () => {
    const smtp = await scriptedSmtp();
    await smtp.close();
    expect(await lostAt(smtp.relay)).toMatchObject({
      phase: 'connect',
      message: 'the connection was refused',
    });
    expect(await lostAt(parseRelayUrl('smtp://nowhere.invalid'))).toMatchObject({ phase: 'connect' });
  });

  it('is cut while it hesitates', async () => {
    const { relay } = await scripted({ greeting: { after: 'never' } });
    const cutting = new AbortController();
    const lost = lostAt(relay, { signal: cutting.signal });
    cutting.abort();
    expect((await lost).message).toContain('we cut');
    expect((await lostAt(relay, { signal: AbortSignal.abort() })).message).toContain('we cut');
  });
});

it('a server older than EHLO is spoken to in its own words', async () => {
  const { relay, sent } = await scripted({
    ehlo: ({ line }) => (line.startsWith('HELO') ? '250 old' : '502 what'),
  });
  const connection = await connect(relay);
  expect(sent()).toBe('EHLO client.example.org\r\nHELO client.example.org\r\n');
  expect(connection.capabilities.pipelining).toBe(false);
});

it('a password never leaves in the clear towards another machine', async () => {
  const { relay, sent } = await scripted(
    { ehlo: '250-x|250 AUTH PLAIN', auth: '235 ok' },
    'smtp://u:s3cret@127.0.0.1',
  );
  // Another name for this machine, which is not on the list of loopback names.
  const elsewhere = { ...relay, host: '0.0.0.0' };
  expect(await lostAt(elsewhere)).toMatchObject({
    phase: 'auth',
    message: expect.stringContaining('in the clear'),
  });
  expect(sent()).not.toContain('AUTH');
  await connect({ ...elsewhere, plain: true });
  expect(sent()).toContain('AUTH PLAIN AHUAczNjcmV0\r\n');
});

it('a token signs in as XOAUTH2 has it', async () => {
  const { relay, sent } = await scripted(
    { ehlo: '250-x|250 AUTH PLAIN XOAUTH2', auth: '235 ok' },
    'smtp://ayu%40example.org:t0ken@127.0.0.1?auth=xoauth2',
  );
  await connect(relay);
  const said = /AUTH XOAUTH2 (\S+)\r\n/.exec(sent())?.[1] ?? '';
  expect(Buffer.from(said, 'base64').toString()).toBe('user=ayu@example.org\x01auth=Bearer t0ken\x01\x01');
});

it('a connection comes from the address that the relay names', async () => {
  const from: (string | undefined)[] = [];
  const listener = createServer((socket) => {
    from.push(socket.remoteAddress);
    socket.end('421 4.3.2 bye\r\n').on('error', () => {});
  }).listen(0, '0.0.0.0');
  await once(listener, 'listening');
  open.push(() => listener.close());
  const { port } = listener.address() as AddressInfo;
  await lostAt(at('smtp://127.0.0.1?source=127.0.0.9', port));
  await lostAt(at('smtp://localhost?source=127.0.0.8', port));
  expect(from).toEqual(['127.0.0.9', '127.0.0.8']);
});

it('a relay may be an IPv6 address, and cannot be reached where there is no IPv6', async () => {
  const listener = createServer((socket) => {
    socket.end('421 4.3.2 bye\r\n').on('error', () => {});
  });
  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some((one) => one.address === '::1'));
  listener.listen(0, hasIpv6 ? '::1' : '127.0.0.1');
  await once(listener, 'listening');
  open.push(() => listener.close());
  const { port } = listener.address() as AddressInfo;
  const lost = await lostAt(parseRelayUrl(`smtp://[::1]:${port}?source=[::1]`));
  expect(lost.phase).toBe(hasIpv6 ? 'greeting' : 'connect');
});

it('an EHLO name that could carry a command is refused', async () => {
  const { relay } = await scripted({});
  await expect(connect(relay, { ehloName: 'a\r\nMAIL FROM:<x>' })).rejects.toThrow('EHLO name');
});

it('what EHLO offers is read in any spelling', () => {
  expect(
    readCapabilities([
      '250-x greets you',
      '250-pipelining',
      '250-SIZE 1000',
      '250-AUTH=LOGIN',
      '250 AUTH PLAIN XOAUTH2',
    ]),
  ).toMatchObject({ pipelining: true, sizeBytesMax: 1000, auth: ['LOGIN', 'PLAIN', 'XOAUTH2'], dsn: false });
  expect(readCapabilities(['250-x', '250-SIZE', '250-CHUNKING', '250 DSN'])).toMatchObject({
    sizeBytesMax: undefined,
    chunking: true,
    dsn: true,
  });
});

it.each(['smtp://127.0.0.1', 'smtps://127.0.0.1'])(
  '%s is read whole, though its answer is longer than what is read at once',
  async (url) => {
    const keywords = Array.from({ length: 90 }, (_, nth) => `250-X-${nth} ${'x'.repeat(90)}`);
    const speak = (socket: Socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write([...keywords, '250 SIZE 4711', ''].join('\r\n')));
      socket.write('220 talkative\r\n');
    };
    const pair = { key: readFileSync(certificates.serverKey), cert: readFileSync(certificates.serverCert) };
    const server = url.startsWith('smtps') ? createTlsServer(pair, speak) : createServer(speak);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const connection = await connect(at(url, port), { tls: { rejectUnauthorized: false } });
    expect(connection.capabilities.sizeBytesMax).toBe(4711);
  },
);

describe('against another’s server', () => {
  type Taken = { from: string; to: string[]; raw: string; user: string | undefined; secure: boolean };

  async function other(options: SMTPServerOptions): Promise<{ port: number; taken: Taken[] }> {
    const taken: Taken[] = [];
    const server = new SMTPServer({
      authOptional: true,
      logger: false,
      onAuth: (auth, _session, done) => {
        if (auth.username === 'ayu' && auth.password === 'rahasia ü') return done(null, { user: 'ayu' });
        return done(new Error('Invalid username or password'));
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          taken.push({
            from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
            to: session.envelope.rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString('latin1'),
            user: session.user,
            secure: session.secure,
          });
          done();
        });
      },
      ...options,
    });
    server.on('error', () => {});
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    open.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    return { port: (server.server.address() as AddressInfo).port, taken };
  }

  const { data, facts } = smtpData(Buffer.from('Subject: x\n\n.\n..two\r\nümlaut\rend', 'utf8'));
  const received = 'Subject: x\r\n\r\n.\r\n..two\r\nümlaut\r\nend\r\n';
  const lax = { rejectUnauthorized: false };

  it.each<[string, SMTPServerOptions, string, Partial<SmtpOptions>, Partial<Taken>]>([
    ['in the clear', { hideSTARTTLS: true }, 'smtp://127.0.0.1', {}, { secure: false }],
    [
      'without PIPELINING',
      { hidePIPELINING: true, hideSTARTTLS: true },
      'smtp://127.0.0.1',
      {},
      { secure: false },
    ],
    ['by STARTTLS when offered, whatever the certificate', {}, 'smtp://127.0.0.1', {}, { secure: true }],
    ['in the clear when told so', {}, 'smtp://127.0.0.1?tls=off', {}, { secure: false }],
    ['by TLS from the start', { secure: true }, 'smtps://127.0.0.1', { tls: lax }, { secure: true }],
    [
      'signed in with PLAIN',
      { authMethods: ['PLAIN'] },
      'smtp://ayu:rahasia%20%C3%BC@127.0.0.1',
      { tls: lax },
      { user: 'ayu', secure: true },
    ],
    [
      'signed in with LOGIN',
      { authMethods: ['LOGIN'] },
      'smtp://ayu:rahasia%20%C3%BC@127.0.0.1',
      { tls: lax },
      { user: 'ayu' },
    ],
  ])('mail arrives %s, byte for byte', async (_how, server, url, options, expected) => {
    const { port, taken } = await other(server);
    const connection = await connect(at(url, port), options);
    const outcomes = await Promise.all(
      ['ayu', 'budi', 'citra'].map((name) =>
        connection.deliver({ from: 'news@example.org', to: `${name}@example.com`, ...facts }, data),
      ),
    );
    expect(outcomes.map((outcome) => outcome.kind === 'reply' && outcome.reply.code)).toEqual([
      250, 250, 250,
    ]);
    expect(taken.map(({ to }) => to[0])).toEqual([
      'ayu@example.com',
      'budi@example.com',
      'citra@example.com',
    ]);
    for (const message of taken) {
      expect(message).toMatchObject({ from: 'news@example.org', ...expected });
      expect(Buffer.from(message.raw, 'latin1').toString('utf8')).toBe(received);
    }
    await connection.quit();
  });

  it.each<[string, SMTPServerOptions, string, string]>([
    ['for tls=required', {}, 'smtp://127.0.0.1?tls=required', 'starttls'],
    ['before a password is sent', {}, 'smtp://ayu:rahasia@127.0.0.1', 'starttls'],
    ['for smtps', { secure: true }, 'smtps://127.0.0.1', 'connect'],
  ])('a certificate that nobody vouches for is refused %s', async (_when, server, url, phase) => {
    const { port, taken } = await other(server);
    expect(await lostAt(at(url, port))).toMatchObject({
      phase,
      message: expect.stringContaining('certificate'),
    });
    expect(taken).toEqual([]);
  });

  it.each(['smtp', 'smtps'])('%s: both sides show a certificate that the other trusts', async (scheme) => {
    const { ca, cert, key } = certificates;
    const { port, taken } = await other({
      secure: scheme === 'smtps',
      key: readFileSync(certificates.serverKey),
      cert: readFileSync(certificates.serverCert),
      ca: readFileSync(ca),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const relay = at(`${scheme}://127.0.0.1?ca=${ca}&cert=${cert}&key=${key}`, port);
    const connection = await connect(relay);
    expect(connection.encrypted).toBe(true);
    await connection.deliver({ from: 'news@example.org', to: 'ayu@example.com', ...facts }, data);
    expect(taken).toHaveLength(1);
    const stranger = at(`${scheme}://127.0.0.1?ca=${ca}`, port);
    expect((await lostAt(stranger)).phase).toMatch(/greeting|starttls|connect|ehlo/);
    const untrusting = at(`${scheme}://127.0.0.1?tls=required`, port);
    expect((await lostAt(untrusting)).message).toContain('certificate');
  });

  it('each recipient’s refusal is its own', async () => {
    const { port, taken } = await other({
      hideSTARTTLS: true,
      onRcptTo: ({ address }, _session, done) =>
        done(
          address.startsWith('budi')
            ? Object.assign(new Error('5.1.1 no such user'), { responseCode: 550 })
            : null,
        ),
    });
    const connection = await connect(at('smtp://127.0.0.1', port));
    const outcomes = await Promise.all(
      ['ayu', 'budi', 'citra'].map((name) =>
        connection.deliver({ from: 'news@example.org', to: `${name}@example.com`, ...facts }, data),
      ),
    );
    expect(outcomes.map((outcome) => outcome.phase)).toEqual(['dot', 'rcpt', 'dot']);
    expect(taken).toHaveLength(2);
  });

  it('a relay is verified without sending anything', async () => {
    const { port, taken } = await other({ size: 1_000_000 });
    const good = at('smtp://ayu:rahasia%20%C3%BC@127.0.0.1', port);
    const options = { ehloName: 'client.example.org', tls: lax };
    expect(await verifyRelay(good, options)).toEqual({
      kind: 'ready',
      relay: good.name,
      encrypted: true,
      pipelining: true,
      sizeBytesMax: 1_000_000,
    });
    const wrong = at('smtp://ayu:wrong@127.0.0.1', port);
    expect(await verifyRelay(wrong, options)).toMatchObject({ kind: 'lost', phase: 'auth' });
    expect(taken).toEqual([]);
  });
});
