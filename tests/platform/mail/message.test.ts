import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';
import { lintMessage } from '../../../src/platform/mail/lint-message.ts';
import {
  type ComposedMessage,
  composeMessage,
  type MessageParts,
} from '../../../src/platform/mail/message.ts';
import { openSplicer } from '../../../src/platform/mail/open-splicer.ts';
import { digest, readTwice, rina } from './sample-message.ts';

function splice(parts: Partial<MessageParts>, values = rina.values): string {
  return openSplicer(composeMessage({ ...digest, ...parts }))({ ...rina, values });
}

function header(raw: string, name: string): string | undefined {
  const block = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n(?=[ \t])/g, '');
  return block
    .split('\r\n')
    .find((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2);
}

describe('a message for many readers', () => {
  it('reads the same as the plain substitution in two independent parsers', async () => {
    for (const read of await readTwice(splice({}))) {
      expect(read.text).toBe('Good morning Rina\n\nhttps://news.example.org/u/abc.def');
      expect(read.html).toBe(
        '<p>Good morning Rina</p><p><a href="https://news.example.org/u/abc.def">Unsubscribe</a></p>',
      );
      expect(read.subject).toBe('The Senate votes tonight');
    }
  });

  it('has nothing that the linter objects to, and each header once', () => {
    const raw = splice({});
    expect(lintMessage(raw)).toEqual([]);
    expect(raw.match(/^List-Unsubscribe:/gm)).toHaveLength(1);
    expect(header(raw, 'List-Unsubscribe')).toBe(
      '<https://news.example.org/u/abc.def>, <mailto:u+k3j@bounces.example.org>',
    );
    expect(header(raw, 'Feedback-ID')).toBe('412:inside-washington:digest:dateline');
    expect(header(raw, 'To')).toBe('rina@example.com');
    expect(header(raw, 'Date')).toBe('Tue, 14 Jul 2026 07:00:00 +0000');
    expect(header(raw, 'Message-ID')).toBe('<e412.abc@news.example.org>');
  });

  it('puts text first and html last', async () => {
    const raw = splice({});
    expect(raw.indexOf('text/plain')).toBeGreaterThan(0);
    expect(raw.indexOf('text/html')).toBeGreaterThan(raw.indexOf('text/plain'));
  });

  it('survives being stored as JSON', () => {
    const composed = composeMessage({ ...digest, html: '<p>Türkçe \u0000 [[name]]</p>' });
    const stored = JSON.parse(JSON.stringify(composed)) as ComposedMessage;
    expect(JSON.stringify(stored)).not.toContain('\\u0000');
    expect(openSplicer(stored)(rina)).toBe(openSplicer(composed)(rina));
  });

  it('is the same bytes for the same parts, and one reader sees nothing of another', () => {
    const write = openSplicer(composeMessage(digest));
    const first = write(rina);
    const other = write({ ...rina, to: 'budi@example.com', values: { ...rina.values, name: 'Budi' } });
    expect(write(rina)).toBe(first);
    expect(other).not.toContain('ina@example.com');
    expect(other).not.toContain('Rina');
    expect(openSplicer(composeMessage(digest))(rina)).toBe(first);
  });

  it('only concatenates: the shared pieces stand in every message as they were composed', () => {
    const composed = composeMessage(digest);
    const raw = openSplicer(composed)(rina);
    let from = 0;
    for (const piece of composed.pieces) {
      const at = raw.indexOf(piece, from);
      expect(at).toBeGreaterThanOrEqual(from);
      from = at + piece.length;
    }
    expect(composed.uses.map(({ place, part }) => `${part} ${place}`)).toEqual([
      'header unsubscribe_url',
      'header token',
      'text name',
      'text unsubscribe_url',
      'html name',
      'html unsubscribe_url',
    ]);
  });
});

describe('places', () => {
  it('escapes a value in html and leaves it alone in text', async () => {
    const raw = splice({}, { ...rina.values, name: `<img src=x onerror="alert(1)"> & 'co'` });
    const [read] = await readTwice(raw);
    expect(read?.text).toContain(`Good morning <img src=x onerror="alert(1)"> & 'co'`);
    expect(read?.html).toContain(
      'Good morning &lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;co&#39;',
    );
  });

  it('does not read a value for places again', async () => {
    const [read] = await readTwice(splice({}, { ...rina.values, name: '[[token]]' }));
    expect(read?.text).toContain('Good morning [[token]]');
  });

  it('refuses an unknown place and names it', () => {
    expect(() => composeMessage({ ...digest, html: 'Hello [[firstname]]' })).toThrow(
      /\[\[firstname\]\] \(in html\)/,
    );
    expect(() => composeMessage({ ...digest, text: 'Hello [[ name ]]' })).toThrow(
      /\[\[ name \]\] \(in text\)/,
    );
    expect(() => composeMessage({ ...digest, headers: [{ name: 'X-Reader', value: '[[id]]' }] })).toThrow(
      /\[\[id\]\] \(in headers\)/,
    );
  });

  it('refuses a place in the subject, and shows other brackets there as they are', async () => {
    expect(() => composeMessage({ ...digest, subject: 'Hello [[name]]' })).toThrow(
      /cannot hold \[\[name\]\]/,
    );
    const [read] = await readTwice(splice({ subject: 'if [[ -f x ]]' }));
    expect(read?.subject).toBe('if [[ -f x ]]');
  });

  it('refuses a reader who lacks a value and names the place', () => {
    expect(() => splice({}, { name: 'Rina', token: 'x' })).toThrow(/\[\[unsubscribe_url\]\] has no value/);
    expect(() => splice({ html: '[[constructor]]', places: [...digest.places, 'constructor'] })).toThrow(
      /no value/,
    );
  });

  it('keeps a header value inside its header', () => {
    for (const end of ['\r\nBcc: x@example.com', '\n', '\r', '\0']) {
      expect(() => splice({}, { ...rina.values, token: `a${end}` })).toThrow(/line end or a NUL/);
    }
    const url = 'https://news.example.org/u/a b>,<c"é%20';
    const raw = splice({}, { ...rina.values, unsubscribe_url: url });
    expect(header(raw, 'List-Unsubscribe')).toContain(
      '<https://news.example.org/u/a%20b%3E,%3Cc%22%C3%A9%20>',
    );
    expect(() => splice({}, { ...rina.values, token: 'x'.repeat(901) })).toThrow(/too long/);
  });
});

describe('headers', () => {
  it('refuses a header that is given twice or belongs to the message', () => {
    const twice = [...digest.headers, { name: 'PRECEDENCE', value: 'list' }];
    expect(() => composeMessage({ ...digest, headers: twice })).toThrow(/PRECEDENCE is given twice/);
    for (const name of ['To', 'Subject', 'content-type', 'Bcc']) {
      expect(() => composeMessage({ ...digest, headers: [{ name, value: 'x' }] })).toThrow(
        /by the message itself/,
      );
    }
    expect(() => composeMessage({ ...digest, headers: [{ name: 'X: y', value: 'x' }] })).toThrow(/no name/);
  });

  it('refuses line ends in a subject, a name and a value', () => {
    for (const end of ['\r\nBcc: x@example.com', '\n', '\r', '\0']) {
      expect(() => composeMessage({ ...digest, subject: `a${end}` })).toThrow(/Subject holds a line end/);
      const from = { ...digest.from, name: `a${end}` };
      expect(() => composeMessage({ ...digest, from })).toThrow(/From holds a line end/);
      const headers = [{ name: 'Feedback-ID', value: `a${end}` }];
      expect(() => composeMessage({ ...digest, headers })).toThrow(/Feedback-ID holds a line end/);
    }
  });

  it('takes an address outside ASCII only where the server does, and never tells the address', async () => {
    const write = openSplicer(composeMessage(digest));
    expect(() => write({ ...rina, to: 'ри́на@example.com' })).toThrow(/^The address for To is not one/);
    const raw = write({ ...rina, to: 'рина@пример.example', smtpUtf8: true });
    const parsed = await simpleParser(Buffer.from(raw, 'latin1'));
    expect(parsed.to).toMatchObject({ text: 'рина@пример.example' });
    for (const to of [
      '',
      'a',
      'a@b, c@d',
      'a@b\r\nBcc: c@d',
      '"a b"@c.example',
      'a@b>',
      `${'a'.repeat(250)}@b.cd`,
    ]) {
      expect(() => write({ ...rina, to, smtpUtf8: true })).toThrow(/not one that mail can be sent to/);
    }
  });

  it('writes the name of a reader so that two parsers read it back', async () => {
    const write = openSplicer(composeMessage(digest));
    for (const toName of [
      'Rina',
      'Wijaya, Rina "Ri"',
      'Ría Wijaya',
      '李四',
      'a@b.example',
      '=?x?=',
      'R\\',
      'x'.repeat(200),
    ]) {
      const raw = write({ ...rina, toName });
      expect(lintMessage(raw)).toEqual([]);
      const parsed = await simpleParser(Buffer.from(raw, 'latin1'));
      expect(parsed.to).toMatchObject({ value: [{ name: toName, address: 'rina@example.com' }] });
    }
  });

  it('refuses a Message-ID that is none', () => {
    const write = openSplicer(composeMessage(digest));
    for (const messageId of ['', 'a@b', '<a@b>\r\nX: y', `<${'a'.repeat(501)}>`]) {
      expect(() => write({ ...rina, messageId })).toThrow('the Message-ID is not one');
    }
  });
});
