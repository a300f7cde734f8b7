import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeQuotedPrintable } from '../../../src/platform/mail/quoted-printable.ts';

/** Decodes by the letter of RFC 2045 §6.7. */
function decode(encoded: string): string {
  const joined = encoded.replace(/[ \t]+(?=\r\n|$)/g, '').replace(/=\r\n/g, '');
  const bytes = joined.replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc
    .array(
      fc.constantFrom('.', 'F', 'From ', '=', ' ', '\t', '\n', '\r\n', '\r', 'é', '漢', '😀', 'abcdefgh'),
      { maxLength: 120 },
    )
    .map((bits) => bits.join('')),
);

describe('quoted-printable', () => {
  it('gives back any text, with CRLF for each line end', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const expected = Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n')).toString('utf8');
        expect(decode(encodeQuotedPrintable(text))).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('has only printable lines of at most 75 characters that start with neither a dot nor an F', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const line of encodeQuotedPrintable(text).split('\r\n')) {
          expect(line).toMatch(/^(?![.F])[\t\x20-\x7e]{0,76}$/);
          expect(line.replace(/=$/, '').length).toBeLessThanOrEqual(75);
          expect(line).not.toMatch(/[ \t]$/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('never splits a character over two lines', () => {
    for (let blanks = 60; blanks < 80; blanks += 1) {
      const [first = ''] = encodeQuotedPrintable(`${'x'.repeat(blanks)}😀`).split('=\r\n');
      expect(first).toMatch(/^x+(=F0=9F=98=80)?$/);
    }
  });

  it('leaves a short plain line alone', () => {
    expect(encodeQuotedPrintable('Good morning, Rina')).toBe('Good morning, Rina');
    expect(encodeQuotedPrintable('')).toBe('');
    expect(encodeQuotedPrintable('.\nFrom here\na=b \n')).toBe('=2E\r\n=46rom here\r\na=3Db=20\r\n');
  });
});
