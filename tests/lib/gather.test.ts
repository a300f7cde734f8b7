import { expect, test } from 'vitest';
import { gather } from '../../src/lib/gather.ts';

const ground = {};

/** Doubles numbers; remembers which went together. */
function doubling() {
  const groups: number[][] = [];
  const double = gather<object, number, number>(
    async (_, numbers) => {
      groups.push([...numbers]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (numbers.includes(13)) throw new RangeError('13');
      if (numbers.includes(17)) throw new TypeError('17');
      return numbers.map((n) => 2 * n);
    },
    { callsMax: 3, mendable: (error) => error instanceof RangeError },
  );
  return { groups, double };
}

test('calls of one moment go together, at most so many at once, and each gets its own answer', async () => {
  const { groups, double } = doubling();
  const answers = await Promise.all([1, 2, 3, 4].map((n) => double(ground, n)));
  expect(answers).toEqual([2, 4, 6, 8]);
  expect(groups).toEqual([[1, 2, 3], [4]]);
});

test('a call that comes while others are under way is begun after it was made', async () => {
  const { groups, double } = doubling();
  const first = double(ground, 1);
  await new Promise((resolve) => setTimeout(resolve, 2));
  expect(groups).toEqual([[1]]);
  expect(await Promise.all([double(ground, 2), double(ground, 3), first])).toEqual([4, 6, 2]);
  expect(groups).toEqual([[1], [2, 3]]);
});

test('grounds do not wait for each other', async () => {
  const { groups, double } = doubling();
  await Promise.all([double(ground, 1), double({}, 2)]);
  expect(groups).toEqual([[1], [2]]);
});

test('one that cannot be done takes no other with it; a fault of the ground is everyone’s', async () => {
  const { groups, double } = doubling();
  const outcomes = await Promise.allSettled([1, 13, 3].map((n) => double(ground, n)));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(groups).toEqual([[1, 13, 3], [1], [13], [3]]);

  const faults = await Promise.allSettled([1, 17, 3].map((n) => double(ground, n)));
  expect(faults.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(groups).toHaveLength(5);
});

test('with a pause a group begins so long after the one before it, unless it is full', async () => {
  const begunMs: number[] = [];
  const count = gather<object, number, number>(
    async (_, numbers) => {
      begunMs.push(performance.now());
      return numbers.map(() => numbers.length);
    },
    { callsMax: 3, pauseMs: 60 },
  );
  const first = count(ground, 1);
  expect(await first).toBe(1);
  expect(await Promise.all([count(ground, 2), count(ground, 3)])).toEqual([2, 2]);
  const [one = 0, two = 0] = begunMs;
  // A timer may fire a little before its time.
  expect(two - one).toBeGreaterThan(50);
  expect(await Promise.all([4, 5, 6, 7].map((n) => count(ground, n)))).toEqual([3, 3, 3, 1]);
});
