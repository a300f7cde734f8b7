import { expect, test } from 'vitest';
import { ownTurn } from '../../src/lib/turn.ts';

test('who waits for a turn of their own gets it after those before, and whatever else is due comes between two of them', async () => {
  const ground = {};
  const came: string[] = [];
  const others = (): void => {
    came.push('else');
    if (came.length < 12) setImmediate(others);
  };
  const own = [1, 2, 3].map(async (n) => {
    await ownTurn(ground);
    came.push(`own ${n}`);
    // What follows in the same turn is not torn apart.
    await Promise.resolve();
    came.push(`own ${n} goes on`);
  });
  setImmediate(others);
  await Promise.all(own);
  const mine = came.filter((one) => one !== 'else');
  expect(mine).toEqual(['own 1', 'own 1 goes on', 'own 2', 'own 2 goes on', 'own 3', 'own 3 goes on']);
  for (const n of [1, 2]) {
    const between = came.slice(came.indexOf(`own ${n} goes on`) + 1, came.indexOf(`own ${n + 1}`));
    expect(between).toContain('else');
  }
});

test('grounds do not wait for each other', async () => {
  const busy = {};
  const many = Array.from({ length: 50 }, () => ownTurn(busy));
  let manyAreDone = false;
  void Promise.all(many).then(() => {
    manyAreDone = true;
  });
  await ownTurn({});
  expect(manyAreDone).toBe(false);
  await Promise.all(many);
});
