import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Config } from './config.ts';
import type { Clock } from './lib/clock-time.ts';
import { Refusal } from './lib/errors.ts';
import { maskAddresses } from './lib/mask.ts';
import type { Keyring } from './lib/signed-token.ts';
import { type Database, openDatabase, unanswered } from './platform/db/database.ts';
import { type EmbeddedPostgres, openEmbeddedPostgres } from './platform/db/embedded.ts';
import { migrate, schemaState } from './platform/db/migrate.ts';
import type { Tables } from './platform/db/tables.ts';
import type { Log } from './platform/log.ts';
import { type Bulk, openBulk } from './platform/mail/bulk.ts';
import type { BulkOptions, Ended } from './platform/mail/bulk-options.ts';
import { openSigner, type Signer } from './platform/mail/dkim.ts';
import { parseRelayUrl, type Relay, relaysFor } from './platform/mail/relay.ts';
import { shareTrap } from './platform/mail/shared-trap.ts';
import { signedPools } from './platform/mail/signed-pools.ts';
import { classifyReply, type Phase, type Reply, type ReplyClass } from './platform/mail/smtp-reply.ts';
import type { Inbox } from './platform/mail/trap.ts';
import { type Metrics, openMetrics, type Sample } from './platform/metrics.ts';
import { processSamples } from './platform/process-metrics.ts';
import { openQueues, type Queues } from './platform/queue/queue.ts';
import { QueueAway } from './platform/queue/queue-away.ts';
import { silentQueues } from './platform/queue/silent.ts';
import { countBegun } from './platform/rate/count-begun.ts';
import { type Ledger, paceRelays } from './platform/rate/pace-relays.ts';
import { builtInTemplates, openTemplates, type Templates } from './platform/render/templates.ts';

/** Everything that touches the world comes in through this one door; the rest of the program is pure, or SQL. */
export interface Context {
  config: Config;
  log: Log;
  clock: Clock;
  keyring: Keyring;
  db: Kysely<Tables>;
  queues: Queues;
  mail: Mail;
  templates: Templates;
  /** What this process counts of itself. */
  metrics: Metrics;
  /** The worker that this process is in the ledger of workers; leases are held under it. */
  workerId?: number;
}

export interface Mail {
  /** Letters have their own connections, and wait for no rate: they never wait behind an edition. */
  letters: Bulk;
  editions: Bulk;
  /** Set: letters are signed by their pool, and a mail of an edition by whoever hands it over. */
  signer: Signer | undefined;
  /** The built-in mailbox, while no relay is set. */
  trap: Inbox | undefined;
}

/** A context that its opener closes. */
export interface OpenContext extends Context {
  /** Closes everything in reverse order. Safe to call twice. */
  close(): Promise<void>;
}

const letterConnections = 2;
/** A letter in doubt is sent once more, so two that a relay is silent about need not keep readers waiting for five minutes. */
const letterDotMs = 60_000;
const clockEveryMs = 60_000;

/**
 * Opens database, queues, mail and templates once. The embedded database migrates itself; any other must have been
 * migrated. A command runs without the queue where it is away (`silentIfAway`): what it asks for stands in the database, and
 * `rescue` rings for it.
 *
 * @throws Error in a sentence that says what to do: an old schema, a Redis that evicts, a server that cannot be reached.
 */
export async function openContext(
  config: Config,
  log: Log,
  { silentIfAway = false } = {},
): Promise<OpenContext> {
  const closers: (() => Promise<void> | void)[] = [];
  let closing = false;
  // A connection that breaks while everything is being closed is no news.
  const onBroken = (deed: string) => (error: Error) => {
    if (!closing) log.warn({ deed, reason: maskAddresses(error.message) }, `the ${deed} complains`);
  };
  const close = async () => {
    closing = true;
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const { database, embedded } = await openLedger(config, closers, onBroken('database'));
    const queues = await openBells(config, embedded, onBroken('queue')).catch((error: Error) => {
      if (!silentIfAway || !(error instanceof QueueAway)) throw error;
      log.warn(
        { deed: 'queue', reason: error.message },
        'without the queue: rescue will ring when it is back',
      );
      return silentQueues(error);
    });
    closers.push(() => queues.close());
    const metrics = openMetrics();
    metrics.onRead(processSamples);
    metrics.onRead(() => poolSamples(database));
    const clock = await openClock(database, closers);
    const mail = await openMail({ config, log, clock, db: database.db, metrics }, closers);
    metrics.onRead(() => mailSamples(mail));
    const templates = openTemplates(builtInTemplates());
    const { db } = database;
    return { config, log, clock, keyring: config.keyring, db, queues, mail, templates, metrics, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openLedger(
  config: Config,
  closers: (() => Promise<void> | void)[],
  onError: (error: Error) => void,
): Promise<{ database: Database; embedded: EmbeddedPostgres | undefined }> {
  const embedded =
    config.databaseUrl === undefined ? await openEmbeddedPostgres({ dataDir: config.dataDir }) : undefined;
  if (embedded) closers.push(() => embedded.close());
  const database = openDatabase(config.databaseUrl ?? embedded?.config ?? '', { onError });
  closers.push(() => database.close());
  if (embedded) await migrate(database.db);
  else await refuseOldSchema(database);
  return { database, embedded };
}

async function refuseOldSchema({ db }: Database): Promise<void> {
  const state = await schemaState(db).catch(unanswered);
  if (state.kind === 'current') return;
  throw new Refusal(
    503,
    'wrong_schema',
    state.kind === 'old'
      ? `The database lacks ${state.missing.join(', ')}: run \`dateline migrate\` first.`
      : `The database was migrated by a newer version of dateline (${state.unknown.join(', ')}): install that version.`,
  );
}

async function openBells(
  config: Config,
  embedded: EmbeddedPostgres | undefined,
  onError: (error: Error) => void,
): Promise<Queues> {
  if (config.redisUrl) return openQueues({ redisUrl: config.redisUrl }, { onError });
  const postgres = embedded?.config ?? config.databaseUrl;
  if (postgres === undefined) throw new Error('there is no database for the queue');
  return openQueues({ postgres }, { onError });
}

async function openMail(
  { config, log, clock, db, metrics }: Pick<Context, 'config' | 'log' | 'clock' | 'db' | 'metrics'>,
  closers: (() => Promise<void> | void)[],
): Promise<Mail> {
  let relays: Relay[] = config.relays;
  let trap: Inbox | undefined;
  if (relays.length === 0) {
    const shared = await shareTrap({ dir: `${config.dataDir}/mail`, clock: () => new Date() });
    trap = shared.inbox;
    closers.push(() => shared.close());
    relays = [parseRelayUrl(shared.smtpUrl)];
  }
  const ledger: Ledger = {
    db,
    now: () => clock.now(),
    overall: config.smtpRates,
    onTrouble: (error) =>
      log.warn({ deed: 'pace', reason: maskAddresses(error.message) }, 'the rates could not be asked for'),
  };
  const options: BulkOptions = {
    ehloName: new URL(config.baseUrl).hostname,
    onConnectFailed: ({ relay, lost, retryInMs }) =>
      log.warn({ deed: 'connect', relay, reason: lost.message, retryInMs }, 'a relay could not be reached'),
    onOutcome: (ended) => countTransaction(metrics, ended),
  };
  const letters = openBulk(relaysFor('transactional', relays), {
    ...options,
    connections: letterConnections,
    timeouts: { dotMs: letterDotMs },
    onBegun: countBegun(ledger),
  });
  const editions = openBulk(relaysFor('bulk', relays), {
    ...options,
    connections: config.smtpConnections,
    pace: paceRelays(ledger),
  });
  closers.push(
    () => letters.close(),
    () => editions.close(),
  );
  const signer = config.dkim && openSigner(config.dkim, clock);
  return { ...signedPools({ letters, editions }, signer), signer, trap };
}

function countTransaction(metrics: Metrics, { relay, outcome, tookMs }: Ended): void {
  const { phase } = outcome;
  const verdict = outcome.kind === 'lost' ? 'lost' : classOf(phase, outcome.reply);
  metrics.count('dateline_smtp_transactions_total', { relay, phase, class: verdict });
  metrics.observe('dateline_smtp_reply_seconds', { relay }, tookMs / 1000);
}

function classOf(phase: Phase, { code, status, text }: Reply): ReplyClass {
  return classifyReply({ phase, code, status, text }).class;
}

function mailSamples({ letters, editions }: Mail): Sample[] {
  return Object.entries({ letters, editions }).flatMap(([pool, bulk]): Sample[] => [
    { name: 'dateline_smtp_connections', labels: { pool }, value: bulk.connections() },
    { name: 'dateline_smtp_in_flight', labels: { pool }, value: bulk.inFlight() },
  ]);
}

function poolSamples({ pool }: Database): Sample[] {
  const used = pool.totalCount - pool.idleCount;
  return [
    { name: 'dateline_database_connections', labels: { use: 'busy' }, value: used },
    { name: 'dateline_database_connections', labels: { use: 'idle' }, value: pool.idleCount },
    { name: 'dateline_database_waiting', value: pool.waitingCount },
  ];
}

/** Leases and due times of several machines hang on one clock: the database's. */
async function openClock({ db }: Database, closers: (() => void)[]): Promise<Clock> {
  let offsetMs = 0;
  const measure = async () => {
    const before = Date.now();
    const { rows } = await sql<{ at: Date }>`select clock_timestamp() as at`.execute(db);
    const at = rows[0]?.at;
    if (at) offsetMs = Math.round(at.getTime() - (before + Date.now()) / 2);
  };
  await measure();
  const timer = setInterval(() => void measure().catch(() => undefined), clockEveryMs);
  timer.unref();
  closers.push(() => clearInterval(timer));
  return { now: () => new Date(Date.now() + offsetMs), offsetMs: () => offsetMs };
}
