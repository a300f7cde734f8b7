import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { prepared, preparedOnce } from '../../../src/platform/db/prepared.ts';
import { testDatabase } from '../../support/database.ts';

const { db, close } = await testDatabase();
afterAll(() => close());

describe('a statement that asks to be prepared', () => {
  it('is planned once per connection, takes other values each time, and works in a transaction', async () => {
    await db.connection().execute(async (one) => {
      for (const n of [1, 2, 3]) {
        const { rows } = await sql<{ n: number }>`${prepared('double')} select ${n}::int * 2 as n`.execute(
          one,
        );
        expect(rows).toEqual([{ n: n * 2 }]);
      }
      await one.transaction().execute(async (tx) => {
        await sql`${prepared('double')} select ${4}::int * 2 as n`.execute(tx);
      });
      const { rows } = await sql<{ name: string; runs: number }>`
        select name, (generic_plans + custom_plans)::int as runs from pg_prepared_statements`.execute(one);
      expect(rows).toEqual([{ name: 'double', runs: 4 }]);
    });
  });

  it('leaves every other statement as it was', async () => {
    await db.connection().execute(async (one) => {
      await sql`select ${1}::int`.execute(one);
      const { rows } = await sql<{
        name: string;
      }>`select name from pg_prepared_statements where name <> 'double'`.execute(one);
      expect(rows).toEqual([]);
    });
  });

  it('is put together once, and a value that it names twice travels once', async () => {
    let built = 0;
    const between = preparedOnce<
      { n: number; words: string[] },
      { less: boolean; n: number; parameters: number }
    >('between', (v) => {
      built += 1;
      return sql`select ${v.n}::int - 1 < ${v.n}::int as less, ${v.n}::int + cardinality(${v.words}::text[]) as n,
          (select cardinality(parameter_types) from pg_prepared_statements where name = 'between') as parameters`;
    });
    await db.connection().execute(async (one) => {
      await between(one, { n: 1, words: ['$1', '$2'] });
      const { rows } = await between(one, { n: 5, words: ['n'] });
      expect(rows).toEqual([{ less: true, n: 6, parameters: 2 }]);
    });
    expect(built).toBe(1);
  });
});
