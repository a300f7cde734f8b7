import { afterAll, describe, expect, it } from 'vitest';
import { reservedSegments } from '../../src/newsletters/slug.ts';
import { openWeb } from '../../src/web.tsx';
import { testContext } from '../support/context.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

describe('the route table', () => {
  it('begins no path with a word that could be a slug', () => {
    const first = openWeb(ctx).routes.map((route) => route.path.split('/')[1] ?? '');
    const words = [...new Set(first)].filter((word) => /^[\w.-]+$/.test(word));
    expect(words).toEqual(expect.arrayContaining(['s', 'confirm', 'u', 'v1', 'docs', 'healthz', 'trap']));
    expect(words.filter((word) => !reservedSegments.includes(word))).toEqual([]);
  });
});
