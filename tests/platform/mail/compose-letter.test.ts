import { simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import { describe, expect, it } from 'vitest';
import { composeLetter, type Letter } from '../../../src/platform/mail/compose-letter.ts';
import { addedHeaders, textHeader } from '../../../src/platform/mail/header.ts';
import { lintMessage } from '../../../src/platform/mail/lint-message.ts';
import { encodeQuotedPrintable } from '../../../src/platform/mail/quoted-printable.ts';
import { naughtyStrings, readTwice } from './sample-message.ts';

const letter: Letter = {
  from: { name: 'Inside Washington', address: 'iw@news.example.org' },
  to: { name: 'Wijaya, Rina', address: 'rina@example.com' },
  replyTo: { address: 'desk@news.example.org' },
  subject: 'Confirm your subscription',
  html: '<p>Press the button.</p>\n<p>.</p>\n',
  text: 'Open this page:\nhttps://news.example.org/confirm/abc?lang=en\n\n.\nFrom here on\n',
  headers: [
    { name: 'Auto-Submitted', value: 'auto-generated' },
    { name: 'X-Auto-Response-Suppress', value: 'All' },
  ],
  messageId: '<l7.abc@news.example.org>',
  date: new Date('2026-07-14T07:00:00Z'),
};

describe('a letter', () => {
  it('is read by two parsers as it was written, text first', async () => {
    const raw = composeLetter(letter);
    for (const read of await readTwice(raw)) {
      expect(read.text).toBe(letter.text.trim());
      expect(read.html).toBe(letter.html.trim());
      expect(read.subject).toBe(letter.subject);
    }
    expect(raw.indexOf('text/plain')).toBeLessThan(raw.indexOf('text/html'));
  });

  it('has its headers once, as given, and nothing that the linter objects to', async () => {
    const raw = composeLetter(letter);
    expect(lintMessage(raw)).toEqual([]);
    const parsed = await simpleParser(raw);
    expect(parsed.messageId).toBe('<l7.abc@news.example.org>');
    expect(parsed.date?.toISOString()).toBe('2026-07-14T07:00:00.000Z');
    expect(parsed.from?.text).toBe('"Inside Washington" <iw@news.example.org>');
    expect(parsed.to).toMatchObject({ value: [{ name: 'Wijaya, Rina', address: 'rina@example.com' }] });
    expect(parsed.replyTo?.text).toBe('desk@news.example.org');
    expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(parsed.headers.get('x-auto-response-suppress')).toBe('All');
  });

  it('is byte for byte what nodemailer makes of the same parts, apart from the boundary', async () => {
    const many = [
      letter,
      { ...letter, replyTo: undefined, html: '<p>é</p>', text: 'ohne Zeilenende' },
      {
        ...letter,
        to: { address: 'rina@example.com' },
        subject: 'Bestätige dein Abonnement, '.repeat(6).trim(),
      },
      { ...letter, html: `<p>${'x'.repeat(400)}</p>\r\n\r\n`, text: ' \n\n' },
    ];
    for (const one of many) {
      const raw = composeLetter(one).toString('latin1');
      expect(raw).toBe(await byNodemailer(one, /boundary="([^"]+)"/.exec(raw)?.[1] ?? ''));
    }
  });

  it('is the same twice, and shares its boundary with no other letter', () => {
    expect(composeLetter(letter)).toEqual(composeLetter(letter));
    const other = composeLetter({ ...letter, messageId: '<l8.abc@news.example.org>' }).toString();
    expect(other).not.toContain(/boundary="([^"]+)"/.exec(composeLetter(letter).toString())?.[1]);
  });

  it('refuses what would break out of a header, and addresses that nodemailer would repair', async () => {
    expect(() => composeLetter({ ...letter, subject: 'a\r\nBcc: x@y.example' })).toThrow(/line end/);
    expect(() => composeLetter({ ...letter, from: { ...letter.from, name: 'a\nb' } })).toThrow(/line end/);
    for (const address of ['a@x.example, c@z.example', '<a@x.example> b@y.example', 'a@x.example\r\n', '']) {
      expect(() => composeLetter({ ...letter, to: { address } })).toThrow(/not one that mail can be sent to/);
    }
    const twice = [...letter.headers, { name: 'auto-submitted', value: 'no' }];
    expect(() => composeLetter({ ...letter, messageId: '<a>\r\nBcc: <x@y.example>' })).toThrow(/Message-ID/);
    expect(() => composeLetter({ ...letter, headers: twice })).toThrow(/given twice/);
  });

  const naughty = naughtyStrings();

  it.runIf(naughty)(
    'holds for each string of the naughty list',
    async () => {
      for (const string of naughty ?? []) {
        const subject = string.replace(/[\r\n\0]/g, '');
        const raw = composeLetter({
          ...letter,
          subject,
          text: `- ${string}`,
          html: `<p>${string}</p>`,
        });
        expect(lintMessage(raw)).toEqual([]);
        for (const read of await readTwice(raw)) {
          expect(read.text).toBe(`- ${string}`.replace(/\n+$/, ''));
          expect(read.html).toBe(`<p>${string}</p>`);
          expect((read.subject ?? '').trim()).toBe(subject.trim());
        }
      }
    },
    120_000,
  );
});

async function byNodemailer(one: Letter, boundary: string): Promise<string> {
  const part = (subtype: string, content: string) => ({
    contentType: `text/${subtype}`,
    raw: `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${encodeQuotedPrintable(content)}`,
  });
  const own = [textHeader('Subject', one.subject), ...addedHeaders(one.headers)].map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), { prepared: true, value: line.slice(colon + 2) }];
  });
  const mailbox = ({ name = '', address }: Letter['to']) => ({ name, address });
  const mime = new MailComposer({
    from: mailbox(one.from),
    to: mailbox(one.to),
    replyTo: one.replyTo && mailbox(one.replyTo),
    headers: Object.fromEntries(own),
    messageId: one.messageId,
    date: one.date,
    alternatives: [part('plain', one.text), part('html', one.html)],
    newline: 'windows',
  }).compile();
  const raw = (await mime.build()).toString('latin1');
  return raw.replaceAll(/boundary="([^"]+)"/.exec(raw)?.[1] ?? '', boundary);
}
