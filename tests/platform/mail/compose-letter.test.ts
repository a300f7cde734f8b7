import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { composeLetter, type Letter } from '../../../src/platform/mail/compose-letter.ts';
import { lintMessage } from '../../../src/platform/mail/lint-message.ts';
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
    const raw = await composeLetter(letter);
    for (const read of await readTwice(raw)) {
      expect(read.text).toBe(letter.text.trim());
      expect(read.html).toBe(letter.html.trim());
      expect(read.subject).toBe(letter.subject);
    }
    expect(raw.indexOf('text/plain')).toBeLessThan(raw.indexOf('text/html'));
  });

  it('has its headers once, as given, and nothing that the linter objects to', async () => {
    const raw = await composeLetter(letter);
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

  it('refuses what would break out of a header, and addresses that nodemailer would repair', async () => {
    await expect(composeLetter({ ...letter, subject: 'a\r\nBcc: x@y.example' })).rejects.toThrow(/line end/);
    await expect(composeLetter({ ...letter, from: { ...letter.from, name: 'a\nb' } })).rejects.toThrow(
      /line end/,
    );
    for (const address of ['a@x.example, c@z.example', '<a@x.example> b@y.example', 'a@x.example\r\n', '']) {
      await expect(composeLetter({ ...letter, to: { address } })).rejects.toThrow(
        /not one that mail can be sent to/,
      );
    }
    const twice = [...letter.headers, { name: 'auto-submitted', value: 'no' }];
    await expect(composeLetter({ ...letter, headers: twice })).rejects.toThrow(/given twice/);
  });

  const naughty = naughtyStrings();

  it.runIf(naughty)(
    'holds for each string of the naughty list',
    async () => {
      for (const string of naughty ?? []) {
        const subject = string.replace(/[\r\n\0]/g, '');
        const raw = await composeLetter({
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
