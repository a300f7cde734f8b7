import { createServer, type Server, type Socket } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../../src/platform/db/database.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';
import { freePort } from '../../support/free-port.ts';
import { until } from '../../support/until.ts';

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

test('a connection cut while nobody uses it is told and replaced', async () => {
  const told: Error[] = [];
  const { db, close } = openDatabase(database.config, { max: 1, onError: (error) => told.push(error) });
  const pid = async (): Promise<number> => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() pid`.execute(db);
    return rows[0]?.pid ?? 0;
  };
  const first = await pid();
  await sql`select pg_terminate_backend(${first})`.execute(database.db);
  await until(() => told.length > 0);
  expect(await pid()).not.toBe(first);
  await close();
  await close();
});

test('a server that is not there is an error at once', async () => {
  const { db, close } = openDatabase(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
  await expect(sql`select 1`.execute(db)).rejects.toThrow(/ECONNREFUSED/);
  await close();
});

test('a server that does not speak is an error after five seconds', async () => {
  const sockets: Socket[] = [];
  const mute: Server = createServer((socket) => sockets.push(socket));
  const port = await freePort();
  await new Promise<void>((resolve) => mute.listen(port, '127.0.0.1', resolve));
  const { db, close } = openDatabase(`postgres://nobody@127.0.0.1:${port}/none`);
  await expect(sql`select 1`.execute(db)).rejects.toThrow(/timeout/);
  await close();
  for (const socket of sockets) socket.destroy();
  mute.close();
});
