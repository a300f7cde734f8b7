import fc from 'fast-check';
import { expect, test } from 'vitest';
import { underline, wrapText } from '../../../src/platform/render/plain-text.ts';

test('lines are broken at spaces, at 76 columns at most', () => {
  const text = wrapText(
    'The river case reaches the court, and three of the states along it would rather it did not.',
  );
  expect(text).toBe(
    'The river case reaches the court, and three of the states along it would\nrather it did not.\n',
  );
});

test('a URL is never broken, however long', () => {
  const url = `https://news.example.org/${'long-'.repeat(40)}end?a=b&c=d`;
  expect(wrapText(`Read it here: ${url} today`)).toBe(`Read it here:\n${url}\ntoday\n`);
  expect(wrapText(`mailto:?subject=${'x'.repeat(100)}`)).toBe(`mailto:?subject=${'x'.repeat(100)}\n`);
});

test('a place is never broken and counts as wide as what fills it', () => {
  const why = 'You signed up for Inside Washington as [[masked_address]] on [[signed_up_on]].';
  expect(wrapText(why)).toBe(
    'You signed up for Inside Washington as [[masked_address]]\non [[signed_up_on]].\n',
  );
});

test('the further lines of an indented line or a list item are indented under the first', () => {
  const words = 'one two three four five six seven eight nine ten '.repeat(3).trim();
  for (const line of wrapText(`- ${words}`).trimEnd().split('\n').slice(1)) expect(line).toMatch(/^ {2}\S/);
  for (const line of wrapText(`  ${words}`).trimEnd().split('\n')) expect(line).toMatch(/^ {2}\S/);
});

test('a script without spaces is broken between characters', () => {
  const text = wrapText('新'.repeat(200));
  expect(text.split('\n').map((line) => line.length)).toEqual([76, 76, 48, 0]);
  expect(
    wrapText('👩‍👩‍👧‍👦'.repeat(20))
      .split('\n')
      .every((line) => !line.startsWith('\u200d')),
  ).toBe(true);
});

test('no text loses a word, gains a trailing space or keeps a line too long', () => {
  fc.assert(
    fc.property(fc.array(fc.lorem({ maxCount: 20, mode: 'words' }), { maxLength: 8 }), (paragraphs) => {
      const text = wrapText(paragraphs.join('  \n\n\n'));
      expect(text.split(/\s+/).filter(Boolean)).toEqual(paragraphs.join(' ').split(/\s+/).filter(Boolean));
      for (const line of text.split('\n')) {
        expect(line.length).toBeLessThanOrEqual(76);
        expect(line).not.toMatch(/\s$/);
      }
      expect(text).not.toMatch(/\n{3}/);
      expect(wrapText(text)).toBe(text);
    }),
  );
});

test('a title is underlined to its own length, within the width of the text', () => {
  expect(underline('Abroad', '-')).toBe('------');
  expect(underline('x'.repeat(200), '=')).toHaveLength(76);
});
