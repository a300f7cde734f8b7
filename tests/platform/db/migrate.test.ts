import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Database, openDatabase } from '../../../src/platform/db/database.ts';
import { migrate, schemaState } from '../../../src/platform/db/migrate.ts';

let admin: Database;
let empty: Database;
let name: string;

beforeEach(async () => {
  const server = inject('postgres');
  admin = openDatabase({ ...server, database: 'postgres' }, { max: 1 });
  name = `empty_${randomBytes(6).toString('hex')}`;
  await sql`create database ${sql.id(name)}`.execute(admin.db);
  empty = openDatabase({ ...server, database: name });
});
afterEach(async () => {
  await empty.close();
  await sql`drop database ${sql.id(name)} with (force)`.execute(admin.db);
  await admin.close();
});

describe('migrating', () => {
  test('an empty database is old, then current, and a second run does nothing', async () => {
    expect(await schemaState(empty.db)).toMatchObject({
      kind: 'old',
      missing: expect.arrayContaining(['0001-first']),
    });
    expect(await migrate(empty.db)).toContain('0001-first');
    expect(await schemaState(empty.db)).toEqual({ kind: 'current' });
    expect(await migrate(empty.db)).toEqual([]);
  });

  test('rows that are deleted one by one are pointed at through indexes, or each deletion would read whole tables', async () => {
    await migrate(empty.db);
    const { rows } = await sql<{ pointer: string }>`
      select c.conrelid::regclass || '.' || a.attname as pointer from pg_constraint c
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      where c.contype = 'f' and c.confrelid in ('subscribers'::regclass, 'subscriptions'::regclass, 'sign_ups'::regclass)
        and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = a.attnum
          -- Whoever looks for a pointer looks for a value, so an index without the nulls will do.
          and coalesce(pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname), true))`.execute(
      empty.db,
    );
    expect(rows).toEqual([]);
  });

  test('of four processes that migrate at once one does it and none fails', async () => {
    const others = [1, 2, 3].map(() => openDatabase({ ...inject('postgres'), database: name }));
    const ran = await Promise.all([empty, ...others].map(({ db }) => migrate(db)));
    expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
    expect(await schemaState(empty.db)).toEqual({ kind: 'current' });
    await Promise.all(others.map(({ close }) => close()));
  });

  test('a schema from a later version is named and left alone', async () => {
    await migrate(empty.db);
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', 'x')`.execute(empty.db);
    expect(await schemaState(empty.db)).toEqual({ kind: 'newer', unknown: ['9999-later'] });
    await expect(migrate(empty.db)).rejects.toThrow(/newer version of dateline \(9999-later\): install/);
  });
});
