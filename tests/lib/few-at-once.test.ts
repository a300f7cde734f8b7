import { expect, test } from 'vitest';
import { fewAtOnce, throwAll } from '../../src/lib/few-at-once.ts';

test('so many are under way at once, each is done, and what fails keeps nobody', async () => {
  let underWay = 0;
  let most = 0;
  const { done, errors } = await fewAtOnce([1, 2, 3, 4, 5, 6, 7], 3, async (n) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 2));
    underWay -= 1;
    if (n === 2) throw new Error('two');
    return n;
  });
  expect([most, done.sort(), errors.map(String)]).toEqual([3, [1, 3, 4, 5, 6, 7], ['Error: two']]);
});

test('one error is thrown as it is, several together, none not at all', () => {
  const one = new Error('one');
  expect(() => throwAll([], 'failed')).not.toThrow();
  expect(() => throwAll([one], 'failed')).toThrow(one);
  expect(() => throwAll([one, new Error('two')], 'letters failed')).toThrow(/^2 letters failed: Error: one$/);
});
