import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbeddedPostgres } from '../../../src/platform/db/embedded.ts';
import { findBinaries } from '../../../src/platform/db/embedded-binaries.ts';
import type { EmbeddedConfig } from '../../../src/platform/db/embedded-running.ts';
import {
  countServers,
  type Holder,
  holdPostgres,
  processesIn,
  projectIsOpenTo,
  type Said,
} from '../../support/postgres-holder.ts';
import { until } from '../../support/until.ts';

const root = process.getuid?.() === 0;
const linux = process.platform === 'linux';
const nobody = 65534;

let dir: string;
let holders: Holder[];

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'dateline-pg-')));
  await chmod(dir, 0o755);
  holders = [];
});
afterEach(async () => {
  await Promise.all(holders.map((holder) => holder.end()));
  await rm(dir, { recursive: true, force: true });
});

function hold(options?: Parameters<typeof holdPostgres>[1]): Holder {
  const holder = holdPostgres(dir, options);
  holders.push(holder);
  return holder;
}

async function ask(config: EmbeddedConfig, text: string): Promise<unknown[][]> {
  const client = new pg.Client({ ...config, ssl: false });
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

function opened(said: Said): { config: EmbeddedConfig; owner: boolean } {
  if (said.kind === 'refused') throw new Error(said.message);
  return said;
}

async function gone(): Promise<void> {
  await until(async () => (await processesIn(dir)).length === 0, {
    timeoutMs: 8_000,
    what: 'Postgres is gone',
  });
}

test('the first start makes the cluster, the next finds what was written', async () => {
  const first = await openEmbeddedPostgres({ dataDir: dir });
  expect(first.owner).toBe(true);
  expect(await ask(first.config, 'show listen_addresses')).toEqual([['']]);
  await ask(first.config, "create table kept as select 'déjà' as word");
  await first.close();
  await first.close();

  const second = await openEmbeddedPostgres({ dataDir: dir });
  expect(second.owner).toBe(true);
  expect(await ask(second.config, 'select word, upper(word) from kept')).toEqual([['déjà', 'DÉJÀ']]);
  await second.close();
});

test('nobody else can reach the socket', async () => {
  const { config, close } = await openEmbeddedPostgres({ dataDir: dir });
  expect((await lstat(config.host)).mode & 0o777).toBe(0o700);
  await close();
});

test('a second process uses the running server, and its end is not the end of the server', async () => {
  const owner = await openEmbeddedPostgres({ dataDir: dir });
  const guest = hold();
  expect(opened(await guest.said())).toEqual({ kind: 'open', config: owner.config, owner: false });
  await guest.end();
  expect(await ask(owner.config, 'select 1')).toEqual([[1]]);
  await owner.close();
});

test('whoever started the server may leave first: it runs until the last process has left it', async () => {
  const starter = hold();
  const { config, owner } = opened(await starter.said());
  const guest = await openEmbeddedPostgres({ dataDir: dir });
  expect([owner, guest.owner]).toEqual([true, false]);
  const client = new pg.Client({ ...config, ssl: false });
  await client.connect();
  await starter.end();
  expect((await client.query('select 1')).rowCount).toBe(1);
  await client.end();
  await guest.close();
  await expect(ask(config, 'select 1')).rejects.toThrow();
});

test.runIf(linux)('processes that are killed one after the other leave no server behind', async () => {
  const [starter, guest] = [hold(), hold()];
  const { config } = opened(await starter.said());
  opened(await guest.said());
  await starter.kill();
  expect(await ask(config, 'select 1')).toEqual([[1]]);
  await guest.kill();
  await gone();
});

test.runIf(linux)('six processes that start one empty folder at once end with one server', async () => {
  const racers = Array.from({ length: 6 }, () => hold());
  const said = (await Promise.all(racers.map((racer) => racer.said()))).map(opened);
  expect(said.filter(({ owner }) => owner)).toHaveLength(1);
  expect(await countServers(dir)).toBe(1);
  for (const { config } of said)
    expect(await ask(config, 'select current_database()')).toEqual([['dateline']]);
});

test.runIf(linux)('a killed owner leaves no process behind and the next start is clean', async () => {
  const owner = hold();
  const { config } = opened(await owner.said());
  await ask(config, 'create table kept as select 7 as n');
  await owner.kill();
  await gone();
  const next = await openEmbeddedPostgres({ dataDir: dir });
  expect(next.owner).toBe(true);
  expect(await ask(next.config, 'select n from kept')).toEqual([[7]]);
  await next.close();
});

test.runIf(linux)('whoever comes while a killed owner’s server is stopping gets a server', async () => {
  const owner = hold();
  await owner.said();
  await owner.kill();
  const next = await openEmbeddedPostgres({ dataDir: dir });
  expect(await ask(next.config, 'select 1')).toEqual([[1]]);
  await next.close();
});

test.runIf(linux)(
  'a process killed while it makes the cluster leaves nothing that harms the next',
  async () => {
    const owner = hold();
    const half = await until(async () => {
      const names = await readdir(join(dir, 'postgres')).catch(() => []);
      return names.find((name) => name.startsWith('initdb-'));
    });
    await until(async () => (await readdir(join(dir, 'postgres', half)).catch(() => [])).length > 3);
    await owner.kill();
    const next = await openEmbeddedPostgres({ dataDir: dir });
    expect(next.owner).toBe(true);
    expect(await readdir(join(dir, 'postgres'))).not.toContain(half);
    await next.close();
  },
);

test.runIf(linux)(
  'after a power cut the old process number may be anybody’s, even for several at once',
  async () => {
    const before = await openEmbeddedPostgres({ dataDir: dir });
    await ask(before.config, 'create table kept as select 7 as n');
    const left = await readFile(join(dir, 'postgres/data/postmaster.pid'), 'utf8');
    await before.close();
    const stale = left.replace(/^\d+/, String(process.pid));
    await writeFile(join(dir, 'postgres/data/postmaster.pid'), stale);
    await writeFile(join(before.config.host, '.s.PGSQL.5432.lock'), stale);

    const racers = Array.from({ length: 3 }, () => hold());
    const said = (await Promise.all(racers.map((racer) => racer.said()))).map(opened);
    expect(said.filter(({ owner }) => owner)).toHaveLength(1);
    expect(await countServers(dir)).toBe(1);
    expect(await ask(before.config, 'select n from kept')).toEqual([[7]]);
  },
);

test('a path too long for a socket gets a closed folder of its own under the temporary one', async () => {
  const long = join(dir, 'x'.repeat(100));
  const { config, close } = await openEmbeddedPostgres({ dataDir: long });
  expect(config.host.startsWith(long)).toBe(false);
  expect((await lstat(config.host)).mode & 0o777).toBe(0o700);
  expect(await ask(config, 'select 1')).toEqual([[1]]);
  const guest = await openEmbeddedPostgres({ dataDir: long });
  expect(guest).toMatchObject({ owner: false, config });
  await close();
  await rm(config.host, { recursive: true });
});

test('when Postgres will not start, its last words are in the error', async () => {
  const { close } = await openEmbeddedPostgres({ dataDir: dir });
  await close();
  await writeFile(join(dir, 'postgres/data/postgresql.auto.conf'), 'no_such_setting = on\n');
  await expect(openEmbeddedPostgres({ dataDir: dir })).rejects.toThrow(/no_such_setting/);
});

test('without the package of its programs the error says what to install or set', () => {
  const arch = Object.getOwnPropertyDescriptor(process, 'arch');
  Object.defineProperty(process, 'arch', { ...arch, value: 'mips' });
  try {
    expect(() => findBinaries()).toThrow(/optional dependencies .* or set DATABASE_URL/);
  } finally {
    Object.defineProperty(process, 'arch', arch ?? {});
  }
});

describe.runIf(root && linux)('started by root', () => {
  test.runIf(projectIsOpenTo(nobody))(
    'Postgres runs as another user, to whom its folder belongs',
    async () => {
      const { config, close } = await openEmbeddedPostgres({ dataDir: dir });
      expect((await lstat(join(dir, 'postgres/data'))).uid).toBe(nobody);
      expect((await lstat(config.host)).uid).toBe(nobody);
      await close();
    },
  );

  test('it works in a folder that no other user may enter', async () => {
    await chmod(dir, 0o700);
    const { config, close } = await openEmbeddedPostgres({ dataDir: dir });
    expect(await ask(config, 'select 1')).toEqual([[1]]);
    await close();
    await gone();
  });

  test('it works in such a folder also where user namespaces are forbidden', async () => {
    await chmod(dir, 0o700);
    const bin = join(dir, 'bin');
    await mkdir(bin);
    await writeFile(
      join(bin, 'unshare'),
      '#!/bin/sh\necho unshare failed: Operation not permitted >&2\nexit 1\n',
      {
        mode: 0o755,
      },
    );
    const holder = hold({ path: `${bin}:${process.env.PATH}` });
    const { config } = opened(await holder.said());
    expect(await ask(config, 'select 1')).toEqual([[1]]);
    expect((await lstat(join(dir, 'postgres/data'))).uid).toBe(nobody);
    await holder.kill();
    await gone();
  });
});

describe.runIf(root && linux && projectIsOpenTo(nobody))('shared by root and an ordinary user', () => {
  test('an ordinary user’s folder stays that user’s', async () => {
    await chown(dir, nobody, nobody);
    const asUser = hold({ uid: nobody });
    const { config } = opened(await asUser.said());
    await ask(config, 'create table kept as select 7 as n');
    await asUser.end();

    const asRoot = await openEmbeddedPostgres({ dataDir: dir });
    expect(asRoot.owner).toBe(true);
    expect((await lstat(join(dir, 'postgres/data'))).uid).toBe(nobody);
    await asRoot.close();

    const again = hold({ uid: nobody });
    expect(await ask(opened(await again.said()).config, 'select n from kept')).toEqual([[7]]);
  });

  test('another user’s folder is refused with a sentence that says so', async () => {
    await mkdir(join(dir, 'postgres'), { mode: 0o700 });
    const said = await hold({ uid: nobody }).said();
    expect(said).toEqual({
      kind: 'refused',
      message: `${dir}/postgres belongs to another user: start as that user or choose another DATA_DIR`,
    });
  });
});
