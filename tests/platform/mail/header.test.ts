import fc from 'fast-check';
import { decodeWords } from 'postal-mime';
import { describe, expect, it } from 'vitest';
import { mailboxHeader, structuredHeader, textHeader } from '../../../src/platform/mail/header.ts';

function lengths(header: string): number[] {
  return header.split('\r\n').map((line) => line.length);
}

function unfold(header: string): string {
  return header.replace(/\r\n(?=[ \t])/g, '');
}

describe('a subject', () => {
  it('stays as it is when it is plain ASCII, and folds at blanks within 78 characters', () => {
    expect(textHeader('Subject', 'The Senate votes tonight')).toBe('Subject: The Senate votes tonight');
    const long = `${'The Senate votes on the budget '.repeat(8)}tonight`;
    expect(Math.max(...lengths(textHeader('Subject', long)))).toBeLessThanOrEqual(78);
    expect(unfold(textHeader('Subject', long))).toBe(`Subject: ${long}`);
  });

  it('becomes encoded words that are short enough and can each be decoded alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (subject) => {
        fc.pre(!/[\r\n\0]/.test(subject));
        const header = textHeader('Subject', `é${subject}`);
        expect(Math.max(...lengths(header))).toBeLessThanOrEqual(76);
        const words = unfold(header).slice('Subject: '.length).split(' ');
        for (const word of words) expect(word.length).toBeLessThanOrEqual(75);
        expect(words.map((word) => decodeWords(word)).join('')).toBe(Buffer.from(`é${subject}`).toString());
      }),
    );
  });

  it('is readable in the source when mostly Latin, and compact when not', () => {
    expect(textHeader('Subject', 'Café society')).toBe('Subject: =?UTF-8?Q?Caf=C3=A9_society?=');
    expect(textHeader('Subject', '上院が採決へ')).toMatch(/^Subject: =\?UTF-8\?B\?/);
  });

  it('is encoded when a reader would take it for something else', () => {
    for (const subject of ['=?UTF-8?Q?x?=', ' leading', 'trailing ', 'a\tb', 'a\u0007b', 'x'.repeat(100)]) {
      const header = textHeader('Subject', subject);
      expect(header).toMatch(/^Subject: =\?UTF-8\?[QB]\?/);
      expect(decodeWords(unfold(header).slice('Subject: '.length))).toBe(subject);
    }
    expect(textHeader('Subject', '')).toBe('Subject:');
  });
});

describe('a structured header', () => {
  it('encodes the phrase of List-Id alone, never its identifier', () => {
    const id = '<inside-washington.news.example.org>';
    expect(structuredHeader('List-Id', `Inside Washington ${id}`)).toBe(`List-Id: Inside Washington ${id}`);
    expect(structuredHeader('List-Id', `Bületin ${id}`)).toBe(`List-Id: =?UTF-8?Q?B=C3=BCletin?= ${id}`);
    expect(structuredHeader('List-Id', `News, today ${id}`)).toBe(`List-Id: "News, today" ${id}`);
    const folded = structuredHeader('List-Id', `A rather long name of a publication ${id}`);
    expect(lengths(folded)).toEqual([44, 37]);
    expect(() => structuredHeader('List-Id', 'no identifier')).toThrow(/angle brackets/);
    expect(() => structuredHeader('List-Id', `Bületin <bületin.example.org>`)).toThrow(/angle brackets/);
  });

  it('refuses characters outside ASCII where receivers refuse encoded words', () => {
    for (const name of ['Feedback-ID', 'List-Unsubscribe', 'List-Owner', 'Precedence', 'Auto-Submitted']) {
      expect(() => structuredHeader(name, 'bületin')).toThrow(`${name} may hold ASCII characters only.`);
    }
    expect(structuredHeader('X-Campaign', 'bületin')).toBe('X-Campaign: =?UTF-8?Q?b=C3=BCletin?=');
  });

  it('folds between addresses, and before one whose length is not known yet', () => {
    expect(structuredHeader('List-Unsubscribe', '<[[url]]>, <mailto:u@bounces.example.org>')).toBe(
      'List-Unsubscribe: <[[url]]>,\r\n <mailto:u@bounces.example.org>',
    );
    expect(() => structuredHeader('List-Help', `<https://x.example/${'a'.repeat(1000)}>`)).toThrow(
      /fits no line/,
    );
  });
});

describe('a mailbox', () => {
  const address = 'iw@news.example.org';

  it('quotes, encodes or leaves the name, whichever is needed', () => {
    expect(mailboxHeader('From', { address })).toBe(`From: ${address}`);
    expect(mailboxHeader('From', { name: 'Inside Washington', address })).toBe(
      `From: Inside Washington <${address}>`,
    );
    expect(mailboxHeader('From', { name: 'Inside, "W."', address })).toBe(
      `From: "Inside, \\"W.\\"" <${address}>`,
    );
    expect(mailboxHeader('From', { name: 'Çağdaş', address })).toMatch(/^From: =\?UTF-8\?B\?\S+\?= <iw@/);
  });

  it('folds before the address when the line would be too long', () => {
    const name = 'The Washington Evening Post and Courier of Commerce';
    const header = mailboxHeader('From', { name, address: `${'a'.repeat(40)}@news.example.org` });
    expect(header).toContain(`${name}\r\n <`);
  });
});
