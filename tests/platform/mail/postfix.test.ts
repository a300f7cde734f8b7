import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Bulk, openBulk } from '../../../src/platform/mail/bulk.ts';
import type { Relay } from '../../../src/platform/mail/relay.ts';
import type { Pipelining } from '../../../src/platform/mail/smtp-command.ts';
import { smtpData } from '../../../src/platform/mail/smtp-data.ts';
import type { Envelope, Outcome } from '../../../src/platform/mail/smtp-outcome.ts';
import { verifyRelay } from '../../../src/platform/mail/verify-relay.ts';
import { hasPostfix, type Postfix, startPostfix } from '../../support/postfix.ts';
import { until } from '../../support/until.ts';
import { brief } from './talk.ts';

const messageBytesMax = 200_000;
const ways: [string, Pipelining, Partial<Relay>][] = [
  ['by BDAT, two messages at once', 'chunked', {}],
  ['by DATA, the next envelope behind the body', 'full', {}],
  ['by DATA, the envelope in one write', 'envelope', {}],
  ['by DATA, one command at a time', 'off', {}],
  ['by nodemailer', 'off', { client: 'nodemailer' }],
];

describe.skipIf(!hasPostfix)('against a real Postfix (skipped without Postfix and root)', () => {
  let postfix: Postfix;
  beforeAll(async () => {
    postfix = await startPostfix(messageBytesMax);
  });
  afterAll(() => postfix?.stop());

  const open: Bulk[] = [];
  afterEach(async () => {
    for (const bulk of open.splice(0)) await bulk.close();
  });

  function pool(pipelining: Pipelining, over: Partial<Relay> = {}): Bulk {
    const relay = { ...postfix.relay, connections: 1, ...over };
    const bulk = openBulk([relay], { ehloName: 'client.example.org', pipelining });
    open.push(bulk);
    return bulk;
  }

  let count = 0;
  /** A message that can be found again by its subject. */
  function message(body: string): { subject: string; raw: Buffer } {
    count += 1;
    const subject = `Subject: ${count} of this run`;
    const head = `${subject}\r\nFrom: news@example.org\r\nDate: Tue, 14 Jul 2026 11:00:00 +0000\r\nMessage-ID: <${count}@example.org>\r\n`;
    return { subject, raw: Buffer.from(`${head}\r\n${body}`, 'latin1') };
  }

  function deliver(bulk: Bulk, raw: Buffer, to: string, more: Partial<Envelope> = {}): Promise<Outcome> {
    const { data, facts } = smtpData(raw);
    return bulk.deliver({ from: 'budi@example.com', to, ...facts, ...more }, () => data);
  }

  /** What a mailbox holds of a message, from its first header on; Postfix stores LF line ends. */
  async function stored(mailbox: string, subject: string): Promise<Buffer> {
    return until(async () => {
      for (const mail of await postfix.mailbox(mailbox)) {
        const at = mail.indexOf(`\n${subject}\n`);
        if (at >= 0) return mail.subarray(at + 1);
      }
      return undefined;
    });
  }

  const bodies = [
    '.\r\n..\r\n...\r\n.x\r\n. \r\n\r\n.\r\n',
    `${'x'.repeat(998)}\r\n${'.'.repeat(998)}\r\n\r\n\r\n`,
    'From here on\r\n>From there\r\nRSET\r\nQUIT\r\nBDAT 3 LAST\r\nMAIL FROM:<a@b>\r\n',
    `${String.fromCharCode(...Array.from({ length: 127 }, (_, at) => at + 128))}\r\n\t\x01\x7f\r\n`,
    `${'a line of a long mail\r\n.and one with a dot\r\n'.repeat(2_000)}`,
    'the last line has no end',
  ];

  it('it offers what we are written for', async () => {
    const verified = await verifyRelay(postfix.relay, { ehloName: 'client.example.org' });
    expect(verified).toMatchObject({ kind: 'ready', pipelining: true, sizeBytesMax: messageBytesMax });
  });

  it.each(ways)('mail arrives byte for byte %s', async (_way, pipelining, over) => {
    const bulk = pool(pipelining, over);
    const messages = bodies.map((body) => message(body));
    const outcomes = await Promise.all(messages.map(({ raw }) => deliver(bulk, raw, 'ayu@example.com')));
    expect(outcomes.map(brief)).toEqual(bodies.map(() => 'dot 250'));
    for (const { subject, raw } of messages) {
      const sent = raw.toString('latin1').replaceAll('\r\n', '\n');
      const whole = sent.endsWith('\n') ? sent : `${sent}\n`;
      expect((await stored('ayu', subject)).toString('latin1')).toBe(whole);
    }
  });

  it.each(ways)('each refusal is its own %s', async (_way, pipelining, over) => {
    const bulk = pool(pipelining, over);
    const names = ['ayu', 'nobody', 'nobody', 'ayu', 'nobody', 'ayu'];
    const sent = names.map((name) => ({ ...message('x\r\n'), to: `${name}@example.com` }));
    const outcomes = await Promise.all(sent.map(({ raw, to }) => deliver(bulk, raw, to)));
    expect(outcomes.map(brief)).toEqual(names.map((name) => (name === 'ayu' ? 'dot 250' : 'rcpt 550')));
    expect(outcomes[1]).toMatchObject({ reply: { status: '5.1.1' } });
    for (const { subject, to } of sent) if (to.startsWith('ayu')) await stored('ayu', subject);
  });

  it.each(ways)('a message over the size limit is refused %s', async (_way, pipelining, over) => {
    const bulk = pool(pipelining, over);
    const { raw } = message('a line\r\n'.repeat(messageBytesMax / 8));
    const asked = await deliver(bulk, raw, 'ayu@example.com');
    expect(asked).toMatchObject({ phase: 'mail', reply: { code: 552, status: '5.3.4' } });
    // The limit holds too where the envelope understates the size, and the next message is not the worse for it.
    const understated = deliver(bulk, raw, 'ayu@example.com', { sizeBytes: 100 });
    const behind = message('x\r\n');
    const next = deliver(bulk, behind.raw, 'ayu@example.com');
    expect(await understated).toMatchObject({ phase: 'dot', reply: { code: 552, status: '5.3.4' } });
    expect(brief(await next)).toBe('dot 250');
    await stored('ayu', behind.subject);
  });

  it.each(ways)('an address outside ASCII is written to %s', async (_way, pipelining, over) => {
    const { subject, raw } = message('x\r\n');
    expect(brief(await deliver(pool(pipelining, over), raw, 'ayü@example.com'))).toBe('dot 250');
    await stored('ayu-utf8', subject);
  });

  it.each(ways)('a failure is reported with the envelope’s id and without the body %s', async (...way) => {
    const [, pipelining, over] = way;
    const { subject, raw } = message('the body of a mail that nobody reads\r\n');
    const envelopeId = `dlv_${count}_1+2=3`;
    const to = `some+one=${count}@elsewhere.example`;
    expect(brief(await deliver(pool(pipelining, over), raw, to, { envelopeId }))).toBe('dot 250');
    const report = await until(async () =>
      (await postfix.mailbox('budi'))
        .map((mail) => mail.toString('latin1'))
        .find((text) => text.includes(`Original-Envelope-Id: ${envelopeId}`)),
    );
    expect(report).toContain(`Original-Recipient: rfc822;${to}`);
    expect(report).toContain('Status: 5.3.0');
    expect(report).toContain(subject);
    expect(report).not.toContain('the body of a mail');
  });
});
