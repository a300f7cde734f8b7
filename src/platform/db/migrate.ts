import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import * as first from './migrations/0001-first.ts';
import * as lanes from './migrations/0002-lanes.ts';
import * as rates from './migrations/0003-rates.ts';
import * as archive from './migrations/0005-archive.ts';
import * as rhythm from './migrations/0006-rhythm.ts';
import * as troubledDeliveries from './migrations/0007-troubled-deliveries.ts';
import * as opinions from './migrations/0008-opinions.ts';
import * as archiveDelay from './migrations/0009-archive-delay.ts';
import * as reminder from './migrations/0010-reminder.ts';
import * as signUpTopics from './migrations/0011-sign-up-topics.ts';
import * as merged from './migrations/0012-merged.ts';
import * as forgottenConsents from './migrations/0013-forgotten-consents.ts';
import type { Tables } from './tables.ts';

/** In the order in which they run; a released one is never changed. */
const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-lanes': lanes,
  '0003-rates': rates,
  '0005-archive': archive,
  '0006-rhythm': rhythm,
  '0007-troubled-deliveries': troubledDeliveries,
  '0008-opinions': opinions,
  '0009-archive-delay': archiveDelay,
  '0010-reminder': reminder,
  '0011-sign-up-topics': signUpTopics,
  '0012-merged': merged,
  '0013-forgotten-consents': forgottenConsents,
};

const postgresMajorMin = 14;

export type SchemaState =
  | { kind: 'current' }
  | { kind: 'old'; missing: string[] }
  /** A later version of the program has been here. */
  | { kind: 'newer'; unknown: string[] };

/**
 * Brings the schema up to date, all missing steps or none, and returns the names of those it ran. Safe to run twice
 * and by several processes at once. Throws when the server is too old or the schema is newer than this program.
 */
export async function migrate(db: Kysely<Tables>): Promise<string[]> {
  await refuseOldServer(db);
  const state = await schemaState(db);
  if (state.kind === 'newer') {
    throw new Error(
      `the database was migrated by a newer version of dateline (${state.unknown.join(', ')}): install that version`,
    );
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error) {
    const failed = results.find(({ status }) => status === 'Error')?.migrationName;
    throw new Error(`the migration ${failed ?? ''} failed and nothing was changed`, { cause: error });
  }
  return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName);
}

/** Compares the schema of the database with what this program knows. Changes nothing. */
export async function schemaState(db: Kysely<Tables>): Promise<SchemaState> {
  const applied = await appliedNames(db);
  const known = Object.keys(migrations);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) return { kind: 'newer', unknown };
  const missing = known.filter((name) => !applied.includes(name));
  return missing.length > 0 ? { kind: 'old', missing } : { kind: 'current' };
}

async function appliedNames(db: Kysely<Tables>): Promise<string[]> {
  const table = await sql<{
    there: boolean;
  }>`select to_regclass('kysely_migration') is not null there`.execute(db);
  if (!table.rows[0]?.there) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

async function refuseOldServer(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql<{ version: string }>`select current_setting('server_version') version`.execute(
    db,
  );
  const version = rows[0]?.version ?? '';
  if (Number.parseInt(version, 10) >= postgresMajorMin) return;
  throw new Error(`Postgres ${postgresMajorMin} or newer is needed; this server is ${version}`);
}
