import { linkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeMessage } from '../../../src/platform/mail/message.ts';
import { openSplicer } from '../../../src/platform/mail/open-splicer.ts';
import { shareTrap } from '../../../src/platform/mail/shared-trap.ts';
import { joinTrap, openTrap, type Trap } from '../../../src/platform/mail/trap.ts';
import { openTrapStore } from '../../../src/platform/mail/trap-store.ts';
import { readMailbox } from '../../support/mailbox.ts';
import { until } from '../../support/until.ts';
import { digest, naughtyStrings, rina } from './sample-message.ts';

let dir: string;
let trap: Trap;
let now: Date;
const clock = () => now;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'trap-'));
  now = new Date('2026-07-14T07:00:00.123Z');
  trap = await openTrap({ dir, clock });
});

afterEach(async () => {
  await trap.close();
  await rm(dir, { recursive: true });
});

/** Sends over real SMTP; the answer to the final dot comes back. */
async function send(mail: {
  to?: string | string[];
  from?: string;
  subject?: string;
  raw?: string;
  text?: string;
}) {
  const transport = createTransport(trap.smtpUrl);
  const {
    to = 'rina@example.com',
    from = 'iw@news.example.org',
    subject = 'Hello',
    text = 'Good morning',
    raw,
  } = mail;
  const content = raw === undefined ? { from, to, subject, text } : { raw, envelope: { from, to } };
  const { response } = await transport.sendMail(content);
  transport.close();
  return response;
}

describe('the mail trap', () => {
  it('keeps what is sent over SMTP as one file per mail, named by time and sequence and by no address', async () => {
    expect(await send({ subject: 'One' })).toBe('250 2.6.0 kept as 20260714T070000123Z-000001');
    expect(await send({ subject: 'Two' })).toBe('250 2.6.0 kept as 20260714T070000123Z-000002');
    expect((await readdir(dir)).sort()).toEqual([
      '20260714T070000123Z-000001.eml',
      '20260714T070000123Z-000002.eml',
    ]);
  });

  it('keeps the envelope on top and the message byte for byte below', async () => {
    const raw = openSplicer(composeMessage(digest))(rina);
    await send({ raw, from: 'b+x@bounces.example.org', to: ['rina@example.com', 'budi@example.com'] });
    const [mail] = (await trap.list({ limit: 1 })).mails;
    const stored = await trap.read(mail?.id ?? '');
    expect(stored?.toString('latin1')).toBe(
      `Return-Path: <b+x@bounces.example.org>\r\nX-Original-To: rina@example.com\r\nX-Original-To: budi@example.com\r\n${raw}`,
    );
    expect(mail).toMatchObject({
      sender: 'b+x@bounces.example.org',
      recipients: ['rina@example.com', 'budi@example.com'],
      from: 'Inside Washington <iw@news.example.org>',
      to: 'rina@example.com',
      subject: 'The Senate votes tonight',
      date: new Date('2026-07-14T07:00:00Z'),
      receivedAt: now,
      kind: 'edition',
      bytes: stored?.length,
    });
  });

  it('lists newest first, page by page, and finds by recipient and subject', async () => {
    for (const number of [1, 2, 3, 4, 5]) {
      now = new Date(Date.UTC(2026, 6, 14, 7, number));
      await send({ to: `reader${number}@example.com`, subject: `Number ${number}` });
    }
    const first = await trap.list({ limit: 2 });
    expect(first.mails.map((mail) => mail.subject)).toEqual(['Number 5', 'Number 4']);
    const second = await trap.list({ limit: 2, after: first.next });
    expect(second.mails.map((mail) => mail.subject)).toEqual(['Number 3', 'Number 2']);
    const last = await trap.list({ limit: 2, after: second.next });
    expect(last.mails.map((mail) => mail.subject)).toEqual(['Number 1']);
    expect(last.next).toBeUndefined();
    expect((await trap.list({ limit: 9, q: 'READER3' })).mails.map((mail) => mail.subject)).toEqual([
      'Number 3',
    ]);
    expect((await trap.list({ limit: 9, q: 'number 2' })).mails).toHaveLength(1);
    expect((await trap.list({ limit: 1, q: 'number' })).next).toBe(first.mails[0]?.id);
    expect((await trap.list({ limit: 9, q: 'nobody' })).mails).toEqual([]);
    expect(trap.size()).toBe(5);
  });

  it('stays in order when the clock is set back', async () => {
    await send({ subject: 'Later' });
    now = new Date('2026-07-13T07:00:00Z');
    await send({ subject: 'Earlier' });
    const { mails } = await trap.list({ limit: 9 });
    expect(mails.map((mail) => mail.subject)).toEqual(['Later', 'Earlier']);
  });

  it('survives a restart and counts on', async () => {
    await send({ subject: 'Before', to: ['a@example.com', 'b@example.com'] });
    const before = await trap.list({ limit: 9 });
    await writeFile(join(dir, '.20260714T070000000Z-000009.part'), 'half');
    await utimes(join(dir, '.20260714T070000000Z-000009.part'), 0, 0);
    await writeFile(join(dir, 'notes.txt'), 'not a mail');
    await trap.close();
    trap = await openTrap({ dir, clock });
    expect(await trap.list({ limit: 9 })).toEqual(before);
    expect(await send({ subject: 'After' })).toContain('-000002');
    expect((await readdir(dir)).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(trap.size()).toBe(2);
  });

  it('tells a letter, an edition and a mail from elsewhere apart', async () => {
    await send({
      raw: 'From: a@b.example\r\nAuto-Submitted: auto-generated\r\nPrecedence: bulk\r\n\r\nx\r\n',
    });
    await send({ raw: 'From: a@b.example\r\nAuto-Submitted: auto-generated\r\n\r\nx\r\n' });
    await send({ raw: 'From: a@b.example\r\n\r\nx\r\n' });
    expect((await trap.list({ limit: 9 })).mails.map((mail) => mail.kind)).toEqual([
      'mail',
      'letter',
      'edition',
    ]);
  });

  it('takes lines that start with a dot, the empty sender and addresses outside ASCII', async () => {
    await send({ raw: 'Subject: dots\r\n\r\n.\r\n..x\r\n', from: '' });
    await send({ to: 'рина@пример.example', subject: 'Здравствуйте' });
    const [utf8, dots] = (await trap.list({ limit: 9 })).mails;
    expect(dots?.sender).toBe('');
    expect((await trap.read(dots?.id ?? ''))?.toString()).toMatch(/\r\n\r\n\.\r\n\.\.x\r\n$/);
    expect(utf8?.recipients[0]).toContain('рина@');
    expect(utf8?.subject).toBe('Здравствуйте');
  });

  it('reads the subject behind long headers, and lists a mail that is none', async () => {
    await send({ raw: `X-Long: ${'x'.repeat(900)}\r\n`.repeat(20).concat('Subject: behind\r\n\r\nx\r\n') });
    await send({ raw: 'no header at all\r\n' });
    const [none, long] = (await trap.list({ limit: 9 })).mails;
    expect(long?.subject).toBe('behind');
    expect(none).toMatchObject({ subject: '', recipients: ['rina@example.com'], date: undefined });
  });

  it('answers several messages sent in one go', async () => {
    const talk = await converse(
      ['EHLO x', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA', 'Subject: one', '', 'x', '.']
        .concat([
          'MAIL FROM:<a@b.example>',
          'RCPT TO:<c@d.example>',
          'DATA',
          'Subject: two',
          '',
          'x',
          '.',
          'QUIT',
        ])
        .join('\r\n'),
    );
    expect(talk).toContain('PIPELINING');
    expect(talk).toContain('SMTPUTF8');
    expect(talk).not.toContain('STARTTLS');
    expect(talk).not.toContain('AUTH');
    expect(talk.match(/kept as/g)).toHaveLength(2);
    expect(trap.size()).toBe(2);
  });

  it('refuses a mail over 25 MB with 552 and keeps nothing of it', async () => {
    const raw = `Subject: big\r\n\r\n${`${'x'.repeat(98)}\r\n`.repeat(263_000)}`;
    const error = await send({ raw }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ responseCode: 552 });
    expect(trap.size()).toBe(0);
    expect(await readdir(dir)).toEqual([]);
    expect(await send({})).toContain('kept as');
  });

  it('answers 451 when the mail cannot be stored, so that it is tried again', async () => {
    await rm(dir, { recursive: true });
    const error = await send({}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ responseCode: 451 });
    await trap.close();
    trap = await openTrap({ dir, clock });
    expect(await send({})).toContain('kept as');
  });

  it('keeps nothing of a client that goes away in mid-message, and goes on', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(trap.smtpUrl).port), '127.0.0.1', () => {
        socket.write(
          'EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: half\r\n\r\nx',
        );
      });
      socket.on('data', (bytes) => bytes.includes('354') && socket.resetAndDestroy());
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
    expect(await send({ subject: 'whole' })).toContain('-000001');
    expect((await trap.list({ limit: 9 })).mails.map((mail) => mail.subject)).toEqual(['whole']);
  });

  it('reads nothing but its own mails', async () => {
    await send({});
    await writeFile(join(dir, '..', 'secret.eml'), 'secret');
    for (const id of ['../secret', 'x', '', '20260714T070000123Z-000002', '20260714T070000123Z-000001.eml']) {
      expect(await trap.read(id)).toBeUndefined();
    }
    await rm(join(dir, '..', 'secret.eml'));
  });

  it('no longer lists a mail whose file was deleted', async () => {
    await send({ subject: 'One' });
    await send({ subject: 'Two' });
    await rm(join(dir, '20260714T070000123Z-000001.eml'));
    expect((await trap.list({ limit: 9 })).mails.map((mail) => mail.subject)).toEqual(['Two']);
    expect(await trap.read('20260714T070000123Z-000001')).toBeUndefined();
    expect(trap.size()).toBe(1);
  });

  it('lists 10,000 mails without reading more than it shows', async () => {
    const store = await openTrapStore(dir);
    const first = await store.keep(Buffer.from(openSplicer(composeMessage(digest))(rina), 'latin1'), now);
    for (let number = 2; number <= 10_000; number += 1) {
      const id = first.replace(/\d{6}$/, String(number).padStart(6, '0'));
      linkSync(join(dir, `${first}.eml`), join(dir, `${id}.eml`));
    }
    const again = await openTrapStore(dir);
    expect(again.size()).toBe(10_000);
    const oldest = (await readdir(dir)).sort().slice(0, 10);
    await Promise.all(oldest.map((name) => rm(join(dir, name))));
    const page = await again.list({ limit: 50 });
    expect(page.mails.map((mail) => mail.subject)).toEqual(Array(50).fill(digest.subject));
    expect(page.next).toMatch(/-009951$/);
    expect(again.size()).toBe(10_000);
    expect((await again.list({ limit: 500, q: 'nobody' })).mails).toEqual([]);
    expect(again.size()).toBe(9_990);
  });

  const naughty = naughtyStrings();

  it.runIf(naughty)('takes each string of the naughty list as a subject', async () => {
    const store = await openTrapStore(dir);
    const subjects = (naughty ?? []).filter((string) => !/[\r\n\0]/.test(string));
    const ids = new Map<string, string>();
    for (const subject of subjects) {
      const raw = openSplicer(composeMessage({ ...digest, subject }))(rina);
      ids.set(await store.keep(Buffer.from(raw, 'latin1'), now), subject);
    }
    const { mails } = await store.list({ limit: 500 });
    expect(mails).toHaveLength(Math.min(500, subjects.length));
    for (const mail of mails) expect(mail.subject.trim()).toBe(ids.get(mail.id)?.trim());
  });
});

describe('several processes on one directory', () => {
  it('share the trap of the first', async () => {
    const first = await joinTrap({ dir, clock });
    const second = await joinTrap({ dir, clock });
    expect(first.trap).toBeDefined();
    expect(second).toEqual({ trap: undefined, smtpUrl: first.smtpUrl });
    await first.trap?.close();
    const third = await joinTrap({ dir, clock });
    expect(third.trap).toBeDefined();
    await third.trap?.close();
    expect(await readdir(dir)).toEqual([]);
  });

  it('end with one trap when they start at once', async () => {
    const joined = await Promise.all(Array.from({ length: 6 }, () => joinTrap({ dir, clock })));
    expect(joined.filter((each) => each.trap)).toHaveLength(1);
    expect(new Set(joined.map((each) => each.smtpUrl)).size).toBe(1);
    await Promise.all(joined.map((each) => each.trap?.close()));
  });

  it('replace one that died, even when another server has its port by now', async () => {
    const { port } = new URL(trap.smtpUrl);
    for (const smtpUrl of ['smtp://127.0.0.1:1', `smtp://127.0.0.1:${port}`]) {
      await writeFile(join(dir, '.smtp'), `${smtpUrl} 0123456789abcdef\n`);
      const joined = await Promise.all(Array.from({ length: 4 }, () => joinTrap({ dir, clock })));
      expect(joined.filter((each) => each.trap)).toHaveLength(1);
      expect(joined[0]?.smtpUrl).not.toBe(smtpUrl);
      expect(await readFile(join(dir, '.smtp'), 'utf8')).toContain(joined[0]?.smtpUrl);
      await Promise.all(joined.map((each) => each.trap?.close()));
    }
  });
});

describe('a process that shares the trap of another', () => {
  it('shows the same mails, and keeps the trap under the same address when the other ends', async () => {
    const first = await shareTrap({ dir, clock });
    const second = await shareTrap({ dir, clock });
    expect(second.smtpUrl).toBe(first.smtpUrl);
    const deliver = async (subject: string) => {
      const transport = createTransport(second.smtpUrl);
      await transport.sendMail({
        from: 'iw@news.example.org',
        to: 'rina@example.com',
        subject,
        text: 'Hello',
      });
      transport.close();
    };
    const subjects = async () => (await second.inbox.list({ limit: 9 })).mails.map(({ subject }) => subject);
    await deliver('Kept by the first');
    expect(await subjects()).toEqual(['Kept by the first']);
    await first.close();
    await until(
      () =>
        deliver('Kept by the second').then(
          () => true,
          () => false,
        ),
      { timeoutMs: 10_000 },
    );
    expect(await subjects()).toEqual(['Kept by the second', 'Kept by the first']);
    expect(second.inbox.size()).toBe(2);
    await second.close();
    expect((await readdir(dir)).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('the mailbox of the tests', () => {
  it('reads the mails to one address, oldest first, with their links', async () => {
    const write = openSplicer(composeMessage(digest));
    await send({ raw: write(rina) });
    await send({ subject: 'Second', text: 'See https://news.example.org/x.' });
    await send({ to: 'other-rina@example.com' });
    const mails = await readMailbox(trap, 'rina@example.com');
    expect(mails.map((mail) => mail.subject)).toEqual(['The Senate votes tonight', 'Second']);
    expect(mails[0]).toMatchObject({
      to: ['rina@example.com'],
      links: ['https://news.example.org/u/abc.def'],
    });
    expect(mails[0]?.text).toContain('Good morning Rina');
    expect(mails[0]?.html).toContain('<p>Good morning Rina</p>');
    expect(mails[0]?.headers.get('precedence')).toBe('bulk');
    expect(mails[1]?.links).toEqual(['https://news.example.org/x']);
    expect(await readMailbox(trap)).toHaveLength(3);
  });
});

function converse(lines: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(trap.smtpUrl).port), '127.0.0.1');
    socket.once('data', () => socket.write(`${lines}\r\n`));
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
  });
}
