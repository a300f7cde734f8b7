import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import type { Context } from '../../src/context.ts';
import type { LocalDate, LocalTime } from '../../src/lib/clock-time.ts';
import { type Clock, instantOf } from '../../src/lib/clock-time.ts';
import { openLog } from '../../src/platform/log.ts';
import { type BulkOptions, openBulk } from '../../src/platform/mail/bulk.ts';
import { parseRelayUrl } from '../../src/platform/mail/relay.ts';
import { openTrap, type Trap } from '../../src/platform/mail/trap.ts';
import { openMetrics } from '../../src/platform/metrics.ts';
import { openQueues, type QueueAddress } from '../../src/platform/queue/queue.ts';
import { builtInTemplates, openTemplates } from '../../src/platform/render/templates.ts';
import { type TestDatabase, testDatabase } from './database.ts';

export interface TestClock extends Clock {
  set(instant: Date): void;
  /** Sets a wall-clock time in a zone. */
  setLocal(date: LocalDate, time: LocalTime, zone: string): void;
  advance(ms: number): void;
}

export interface TestContext extends Context {
  clock: TestClock;
  database: TestDatabase;
  trap: Trap;
  dataDir: string;
  /** Every line the program has logged, as one text: to look for what must not be in it. */
  logged(): string;
  close(): Promise<void>;
}

/** Tuesday 14 July 2026, 06.00 in Washington. */
export const morning = new Date('2026-07-14T10:00:00Z');

/**
 * A whole context of real parts: a database of its own, queues in it (or on Redis), a mail trap, the built-in templates,
 * and a clock that stands still until it is moved. Bells ring and nobody listens, unless the test starts workers.
 */
export async function testContext(
  options: {
    env?: Record<string, string>;
    /** Hand mail to this relay and not to the trap. */
    smtpUrl?: string;
    queue?: 'postgres' | 'redis';
    bulk?: Partial<BulkOptions>;
  } = {},
): Promise<TestContext> {
  const dataDir = await mkdtemp(join(tmpdir(), 'dateline-context-'));
  const database = await testDatabase();
  const config: Config = readConfig({
    DATA_DIR: dataDir,
    BASE_URL: 'https://news.example.org',
    SECRET_KEY: 'a secret that only tests ever use and that is long enough',
    ...options.env,
  });
  const lines: string[] = [];
  const log = openLog({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
  const clock = settableClock();
  const trap = await openTrap({ dir: join(dataDir, 'mail'), clock: () => clock.now() });
  const relays = [parseRelayUrl(options.smtpUrl ?? trap.smtpUrl)];
  const bulk: BulkOptions = { ehloName: 'news.example.org', ...options.bulk };
  const letters = openBulk(relays, { ...bulk, connections: 2 });
  const editions = openBulk(relays, { connections: 4, ...bulk });
  const queues = await openQueues(queueAddress(options.queue ?? 'postgres', database), {
    prefix: `{${database.config.database}}`,
  });
  const templates = openTemplates(builtInTemplates());
  return {
    config,
    log,
    clock,
    keyring: config.keyring,
    db: database.db,
    queues,
    mail: { letters, editions, trap },
    templates,
    metrics: openMetrics(),
    database,
    trap,
    dataDir,
    logged: () => lines.join(''),
    close: async () => {
      await Promise.all([letters.close(), editions.close()]);
      await queues.close();
      await trap.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function queueAddress(kind: 'postgres' | 'redis', database: TestDatabase): QueueAddress {
  if (kind === 'postgres') return { postgres: database.config };
  const redisUrl = inject('redisUrl');
  if (!redisUrl) throw new Error('there is no Redis on this machine');
  return { redisUrl };
}

function settableClock(): TestClock {
  let instant = morning;
  return {
    now: () => new Date(instant),
    offsetMs: () => 0,
    set: (next) => {
      instant = next;
    },
    setLocal: (date, time, zone) => {
      instant = instantOf(date, time, zone);
    },
    advance: (ms) => {
      instant = new Date(instant.getTime() + ms);
    },
  };
}
