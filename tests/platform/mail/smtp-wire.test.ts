import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ReplyReader } from '../../../src/platform/mail/smtp-wire.ts';

function read(chunks: Buffer[]): string[][] {
  const reader = new ReplyReader();
  const replies: string[][] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let lines = reader.shift(); lines; lines = reader.shift()) replies.push(lines);
  }
  expect(reader.holdsBytes).toBe(false);
  return replies;
}

const words = fc.string({ maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' '));
const reply = fc
  .tuple(fc.integer({ min: 200, max: 599 }), fc.array(words, { maxLength: 4 }), words)
  .map(([code, first, last]) => [...first.map((text) => `${code}-${text}`), `${code} ${last}`]);

it('reads the same replies however their bytes are split, in characters of any length', () => {
  fc.assert(
    fc.property(
      fc.array(reply, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.constantFrom('\r\n', '\n'),
      (replies, sizes, newline) => {
        const bytes = Buffer.from(
          replies
            .flat()
            .map((line) => line + newline)
            .join(''),
          'utf8',
        );
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; ) {
          const size = sizes[chunks.length % sizes.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(read(chunks)).toEqual(replies);
      },
    ),
  );
});

it('takes a bare code for a whole reply', () => {
  expect(read([Buffer.from('250\r\n')])).toEqual([['250']]);
});

it.each([
  ['what is no reply', 'HTTP/1.1 400 Bad Request\r\n', 'no SMTP reply'],
  ['a code beyond SMTP', '650 what\r\n', 'no SMTP reply'],
  ['a line that never ends', 'x'.repeat(5_000), '4 KB'],
  ['a line of more than 4 KB', `250 ${'x'.repeat(5_000)}\r\n`, '4 KB'],
  ['a reply that never ends', '250-more\r\n'.repeat(200), '128 lines'],
  ['a flood of replies', '250 ok\r\n'.repeat(100), 'nobody asked'],
])('stops at %s', (_what, bytes, sentence) => {
  expect(() => new ReplyReader().push(Buffer.from(bytes))).toThrow(sentence);
});
