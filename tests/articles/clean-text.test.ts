import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  cleanLine,
  countWords,
  cutAtWord,
  paragraphsOfHtml,
  paragraphsOfText,
} from '../../src/articles/clean-text.ts';

const naughty = '../shared/corpora/naughty-strings.json';

describe('a line of text', () => {
  it.each([
    ['Senate <b>votes</b> on&nbsp;Monday', 'Senate votes on Monday'],
    ['AT&amp;T &mdash; and AT&amp;amp;T', 'AT&T — and AT&T'],
    ['&lt;b&gt;Senate&lt;/b&gt; votes', 'Senate votes'],
    ['  Senate\n\t votes ', 'Senate votes'],
    ['I <3 Washington, x < y > z', 'I <3 Washington, x < y > z'],
    ['Senate\u0000 vo\u0007tes\u200b', 'Senate votes'],
    ['\u202egnp.exe\u202c invoice\u2066', 'gnp.exe invoice'],
    ['lone \ud800 surrogate', 'lone surrogate'],
    ['Cafe\u0301', 'Café'],
    ['<script>alert(1)</script>Senate', 'Senate'],
    ['می‌خواهم 👩‍👩‍👧', 'می‌خواهم 👩‍👩‍👧'],
  ])('cleans %j', (dirty, clean) => {
    expect(cleanLine(dirty, 100)).toBe(clean);
    expect(cleanLine(clean, 100)).toBe(clean);
  });

  it('is cut at a word, within its limit', () => {
    expect(cutAtWord('The Senate voted, on Monday', 18)).toBe('The Senate voted…');
    expect(cutAtWord('The Senate', 10)).toBe('The Senate');
    expect(cutAtWord('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(cutAtWord('👍'.repeat(50), 10)).toBe(`${'👍'.repeat(4)}…`);
  });

  it.skipIf(!existsSync(naughty))('has nothing that breaks the database or turns the page round', () => {
    const strings: string[] = JSON.parse(readFileSync(naughty, 'utf8'));
    expect(strings.length).toBeGreaterThan(400);
    for (const text of strings) {
      const clean = cleanLine(text, 300);
      expect(clean).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Cs}/u);
      expect(clean).not.toMatch(/<script/i);
      expect(clean.length).toBeLessThanOrEqual(300);
    }
  });
});

describe('paragraphs', () => {
  it('come out of HTML as plain text: links as their words, no pictures, forms or scripts', () => {
    const html = `<h2>Talks</h2><p>The <a href="https://x.org">Senate</a> &amp; the <em>House</em><br>met.</p>
      <figure><img src="x.jpg" alt="x"><figcaption>A caption</figcaption></figure><form>Email</form>
      <blockquote><p>“Yes,” she said.</p></blockquote><ul><li>one</li><li>two</li></ul><script>x()</script>`;
    expect(paragraphsOfHtml(html)).toEqual([
      'Talks',
      'The Senate & the House\nmet.',
      '“Yes,” she said.',
      '• one\n• two',
    ]);
  });

  it('are the lines of a text whose lines are long', () => {
    const long = 'word '.repeat(30).trim();
    expect(paragraphsOfText(`Title\n${long}\n\n${long}`)).toEqual(['Title', long, long]);
  });

  it('are joined again where lines were wrapped', () => {
    expect(paragraphsOfText('The Senate voted\non Monday.\n\nThe House\r\nwaits.')).toEqual([
      'The Senate voted on Monday.',
      'The House waits.',
    ]);
  });

  it('are bounded, however deep or long the document', () => {
    expect(paragraphsOfHtml('<div>'.repeat(50_000)).join('')).toBe('');
    const body = paragraphsOfHtml(`<p>${'word '.repeat(1_000)}</p>`.repeat(200)).join('');
    expect(body.length).toBeLessThanOrEqual(200_000);
  });
});

it('counts words in their own script', () => {
  expect(countWords('The Senate’s vote: 51–49.')).toBe(5);
  expect(countWords('Sepak bola, e-mail')).toBe(3);
  expect(countWords('हिन्दी समाचार')).toBe(2);
  expect(countWords('')).toBe(0);
});
