import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, openDatabase } from '../../src/platform/db/database.ts';
import { freePort } from '../support/free-port.ts';
import { type OwnRedis, startRedis } from '../support/own-redis.ts';
import { until } from '../support/until.ts';
import { type Books, watchBooks } from './books.ts';
import type { Cluster } from './cluster.ts';
import { type Role, startRole } from './role.ts';
import { seedFaultSend, template } from './seed.ts';
import { openSink, type Sink } from './sink.ts';

/** SMTP connections of each worker. */
export const connectionsPerWorker = 5;
export const secretKey = 'a secret that only tests ever use and nobody else';

/** What a scenario is played on: a database, Redis, a relay and the program's processes, and the send of the moment. */
export interface Stage {
  dir: string;
  env: Record<string, string>;
  cluster: Cluster;
  database: Database;
  databaseName: string;
  redis: OwnRedis;
  sink: Sink;
  url: string;
  web: Role;
  workers: Role[];
  readers: number;
  newsletterId: number;
  editionId: number;
  domains: string[];
  books: Books;
  /** Seeds a send that nobody has asked for yet, and sees to it that web and two workers run. */
  begin(name: string, readers: number): Promise<void>;
  /** Starts another process of the program; workers are added to `workers`. */
  start(name: 'web' | 'worker', env?: Record<string, string>): Role;
  startWeb(): Promise<void>;
  /** Calls the API and reads its JSON. */
  call<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<{ status: number; body: T }>;
  close(): Promise<void>;
}

/** What every stage is made from. */
export interface Ground {
  dir: string;
  /** An API key that each database knows. */
  key: string;
}

/** Opens a stage; nothing of the program runs on it yet. */
export async function openStage(ground: Ground, name: string, cluster: Cluster): Promise<Stage> {
  const dir = join(ground.dir, name);
  await mkdir(dir, { recursive: true });
  const databaseName = name.replaceAll('-', '_');
  await cluster.ask('postgres', `create database ${databaseName} template ${template} strategy wal_log`);
  const database = openDatabase(cluster.config(databaseName), { max: 3 });
  const [redis, sink, port] = await Promise.all([
    startRedis('--maxmemory-policy', 'noeviction', '--dir', dir),
    openSink(),
    freePort(),
  ]);
  const env = {
    PATH: process.env.PATH ?? '',
    DATA_DIR: join(dir, 'data'),
    BASE_URL: 'https://news.example.org',
    HOST: '127.0.0.1',
    PORT: String(port),
    SECRET_KEY: secretKey,
    DATABASE_URL: cluster.url(databaseName),
    REDIS_URL: redis.url,
    SMTP_URL: sink.url,
    SMTP_CONNECTIONS: String(connectionsPerWorker),
    MX_CHECK: 'off',
  };
  const roles: Role[] = [];
  const start: Stage['start'] = (role, over = {}) => {
    const started = startRole(role, { ...env, ...over }, join(dir, `${role}.log`));
    roles.push(started);
    if (role === 'worker') stage.workers.push(started);
    return started;
  };
  const call: Stage['call'] = async (method, path, body) => {
    const answer = await fetch(`${stage.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${ground.key}`, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(60_000),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: answer.status, body: (await answer.json()) as never };
  };
  const stage: Stage = {
    dir,
    env,
    cluster,
    database,
    databaseName,
    redis,
    sink,
    workers: [],
    web: undefined as never,
    books: undefined as never,
    url: `http://127.0.0.1:${port}`,
    readers: 0,
    newsletterId: 0,
    editionId: 0,
    domains: [],
    begin: async (play, readers) => {
      await sink.begin(join(dir, `${play}.sink.log`));
      Object.assign(stage, { readers, ...(await seedFaultSend(database.db, play, readers)) });
      stage.books = watchBooks(stage);
      stage.workers = stage.workers.filter((worker) => worker.runs());
      while (stage.workers.length < 2) start('worker');
      if (!stage.web?.runs()) await stage.startWeb();
    },
    start,
    startWeb: async () => {
      stage.web = start('web');
      await until(async () => (await fetch(`${stage.url}/readyz`).catch(() => undefined))?.ok, {
        timeoutMs: 300_000,
        everyMs: 100,
        what: 'the web role is ready',
      });
    },
    call,
    close: async () => {
      stage.books?.stop();
      for (const role of roles) if (role.runs()) await role.kill();
      await redis.kill().catch(() => {});
      sink.close();
      await database.close();
    },
  };
  return stage;
}
