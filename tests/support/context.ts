import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { type Config, readConfig } from '../../src/config.ts';
import type { Context } from '../../src/context.ts';
import type { LocalDate, LocalTime } from '../../src/lib/clock-time.ts';
import { type Clock, instantOf } from '../../src/lib/clock-time.ts';
import { openLog } from '../../src/platform/log.ts';
import { openBulk } from '../../src/platform/mail/bulk.ts';
import type { BulkOptions } from '../../src/platform/mail/bulk-options.ts';
import { openSigner } from '../../src/platform/mail/dkim.ts';
import { parseRelayUrls, relaysFor } from '../../src/platform/mail/relay.ts';
import { signedPools } from '../../src/platform/mail/signed-pools.ts';
import { openTrap, type Trap } from '../../src/platform/mail/trap.ts';
import { openMetrics } from '../../src/platform/metrics.ts';
import { openQueues, type QueueAddress } from '../../src/platform/queue/queue.ts';
import { countBegun } from '../../src/platform/rate/count-begun.ts';
import { type Ledger, paceRelays } from '../../src/platform/rate/pace-relays.ts';
import { builtInTemplates, openTemplates } from '../../src/platform/render/templates.ts';
import { type TestDatabase, testDatabase } from './database.ts';

export interface TestClock extends Clock {
  set(instant: Date): void;
  /** Sets a wall-clock time in a zone. */
  setLocal(date: LocalDate, time: LocalTime, zone: string): void;
  advance(ms: number): void;
}

/** Nothing changes them, so one worker reads them once and makes the frame of each letter once, for all of its tests. */
const templates = openTemplates(builtInTemplates());

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
  const relays = parseRelayUrls(options.smtpUrl ?? trap.smtpUrl);
  const bulk: BulkOptions = { ehloName: 'news.example.org', ...options.bulk };
  const ledger = testLedger({ config, db: database.db, clock, log });
  const letters = openBulk(relaysFor('transactional', relays), {
    ...bulk,
    connections: 2,
    onBegun: countBegun(ledger),
  });
  const editions = openBulk(relaysFor('bulk', relays), {
    connections: 4,
    pace: paceRelays(ledger),
    ...bulk,
  });
  const signer = config.dkim && openSigner(config.dkim, clock);
  const queues = await openQueues(queueAddress(options.queue ?? 'postgres', database), {
    prefix: `{${database.config.database}}`,
  });
  return {
    config,
    log,
    clock,
    keyring: config.keyring,
    db: database.db,
    queues,
    mail: { ...signedPools({ letters, editions }, signer), signer, trap },
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

/** The account of rates that all contexts on one database draw from. */
export function testLedger({
  config,
  db,
  clock,
  log,
}: Pick<Context, 'config' | 'db' | 'clock' | 'log'>): Ledger {
  const onTrouble = (error: Error) => log.warn({ deed: 'pace' }, error.message);
  return { db, now: () => clock.now(), overall: config.smtpRates, onTrouble };
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
