import { Command } from 'commander';
import { readConfig } from './config.ts';
import { openDatabase, unanswered } from './platform/db/database.ts';
import { openEmbeddedPostgres } from './platform/db/embedded.ts';
import { migrate, schemaState } from './platform/db/migrate.ts';
import { openLog } from './platform/log.ts';
import type { OpenShell } from './shell.ts';
import { type Role, start } from './start.ts';

/** A database that is away would keep a stop waiting for long; what is left in doubt then, `rescue` finds. */
const stopMsMax = 19_500;
const lingerMsMax = 500;

/** `dateline start | web | worker | migrate`. */
export function roleCommands(shell: OpenShell): Command[] {
  return [
    role('start', 'web and workers in one process', ['web', 'worker']),
    role('web', 'the web role: pages and API', ['web']),
    role('worker', 'the worker role: letters, editions, deliveries, upkeep', ['worker']).option(
      '--connections <n>',
      'SMTP connections at most (default: SMTP_CONNECTIONS)',
    ),
    new Command('migrate')
      .description('bring the database’s schema up to date')
      .option('--check', 'change nothing; exit 3 when it is not up to date')
      .action((options: { check?: boolean }) => runMigrate(shell, options.check === true)),
  ];
}

function role(name: string, description: string, roles: readonly Role[]): Command {
  return new Command(name).description(description).action(async (options: { connections?: string }) => {
    const config = readConfig(undefined, { SMTP_CONNECTIONS: options.connections });
    const log = openLog({ level: config.logLevel });
    const running = await start(config, log, roles);
    await signalled();
    log.info({ deed: 'stop' }, 'draining');
    setTimeout(() => {
      log.error({ deed: 'stop' }, 'not stopped in time, ended');
      process.exit(1);
    }, stopMsMax).unref();
    await running.stop();
    log.info({ deed: 'stop' }, 'stopped');
    // A store that is away is sought for ever by the connections of BullMQ's workers, which nobody can close then.
    setTimeout(() => process.exit(0), lingerMsMax).unref();
  });
}

/** Resolves at SIGTERM or SIGINT. A second one ends the process at once. */
async function signalled(): Promise<void> {
  await new Promise<void>((resolve) => {
    const heard = () => {
      resolve();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(130));
    };
    process.once('SIGTERM', heard);
    process.once('SIGINT', heard);
  });
}

async function runMigrate({ out }: OpenShell, check: boolean): Promise<void> {
  const config = readConfig();
  const embedded = config.databaseUrl ? undefined : await openEmbeddedPostgres({ dataDir: config.dataDir });
  const database = openDatabase(config.databaseUrl ?? embedded?.config ?? '');
  try {
    const state = await schemaState(database.db).catch(unanswered);
    if (check) {
      out.result(
        state,
        state.kind === 'current' ? 'The schema is up to date.' : `The schema is ${state.kind}.`,
      );
      if (state.kind !== 'current') out.exit(3);
      return;
    }
    const ran = await migrate(database.db);
    out.result({ ran }, ran.length > 0 ? ran.map((name) => `ran ${name}`) : 'The schema is up to date.');
  } finally {
    await database.close();
    await embedded?.close();
  }
}
