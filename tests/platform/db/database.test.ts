import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../support/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

test('ids and lists of ids are read as numbers, dates as text, instants as Date', async () => {
  const { rows } = await sql`
    select 9007199254740991::bigint id, array[1, 2]::bigint[] as ids, date '2026-07-14' as day,
      timestamptz '2026-07-14T05:00:00Z' as at, count(*) n`.execute(database.db);
  expect(rows).toEqual([
    {
      id: Number.MAX_SAFE_INTEGER,
      ids: [1, 2],
      day: '2026-07-14',
      at: new Date('2026-07-14T05:00:00Z'),
      n: 1,
    },
  ]);
});
