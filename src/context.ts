import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { Config } from './config.ts';
import type { Clock } from './lib/clock-time.ts';
import type { Keyring } from './lib/signed-token.ts';
import { type DatabaseAddress, openDatabase } from './platform/db/database.ts';
import { openEmbeddedPostgres } from './platform/db/embedded.ts';
import type { Tables } from './platform/db/tables.ts';
import type { Log } from './platform/log.ts';
import { type Bulk, openBulk } from './platform/mail/bulk.ts';
import { parseRelayUrl } from './platform/mail/relay.ts';
import { openTrap, type Trap } from './platform/mail/trap.ts';
import { openQueues, type Queues } from './platform/queue/queue.ts';
import { openTemplates, type Templates } from './platform/render/templates.ts';

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
}

export interface Mail {
  /** Letters have their own connections: they never wait behind an edition. */
  letters: Bulk;
  editions: Bulk;
  /** The built-in mailbox, only while no relay is set. */
  trap: Trap | undefined;
}
