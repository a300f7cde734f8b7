import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/lib/errors.ts';
import { refuseBadSlug, reservedSegments } from '../../src/newsletters/slug.ts';

function codeOf(slug: string): string | undefined {
  try {
    refuseBadSlug(slug);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    expect((error as Refusal).field).toBe('slug');
    return (error as Refusal).code;
  }
}

describe('a slug', () => {
  it('is a word of lower-case letters, digits and hyphens', () => {
    expect(['inside-washington', 'news', 'a1b2', 'x'.repeat(60)].map(codeOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    const bad = [
      '',
      'ab',
      'Inside',
      '1st',
      '-a-b',
      'a-b-',
      'a_b_c',
      'a b c',
      'x'.repeat(61),
      'ünion',
      'a/b',
      'abc\n',
    ];
    expect(bad.map(codeOf)).toEqual(bad.map(() => 'invalid_slug'));
  });

  it('is never an address that the program itself needs, nor a language', () => {
    const words = reservedSegments.filter((word) => /^[a-z][a-z0-9-]{1,58}[a-z0-9]$/.test(word));
    expect(words).toContain('confirm');
    const taken = [...words, 'ind', 'fil', 'abc'];
    expect(taken.map(codeOf)).toEqual(taken.map(() => 'reserved_slug'));
  });
});
