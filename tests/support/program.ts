import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { readConfig } from '../../src/config.ts';
import type { OpenContext } from '../../src/context.ts';
import { openLog } from '../../src/platform/log.ts';
import { start } from '../../src/start.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { freePort } from './free-port.ts';
import { type ReadMail, readMailbox } from './mailbox.ts';
import { until } from './until.ts';

export interface Program {
  ctx: OpenContext;
  database: TestDatabase;
  /** Where its pages are. */
  url: string;
  /** The newest mail to this address that fits, once it is there. */
  mailTo(address: string, fits?: (mail: ReadMail) => boolean): Promise<ReadMail>;
  /** All mails to this address so far. */
  mailsTo(address: string): Promise<ReadMail[]>;
  logged(): string;
  stop(): Promise<void>;
}

/** The whole program, web and workers, on a database of its own: real HTTP, real queue, real SMTP into the trap. */
export async function runProgram(
  options: { queue?: 'postgres' | 'redis'; env?: Record<string, string> } = {},
): Promise<Program> {
  const database = await testDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'dateline-program-'));
  const port = await freePort();
  const lines: string[] = [];
  const { host, user, database: name } = database.config;
  const redisUrl = options.queue === 'redis' ? inject('redisUrl') : undefined;
  const config = readConfig({
    BASE_URL: `http://127.0.0.1:${port}`,
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    SECRET_KEY: 'a secret that only tests ever use and nobody else',
    DATABASE_URL: `postgres://${user}@localhost/${name}?host=${encodeURIComponent(host)}`,
    ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
    ...options.env,
  });
  const log = openLog({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
  const running = await start(config, log, ['web', 'worker']);
  const { trap } = running.ctx.mail;
  if (!trap) throw new Error('the program keeps no trap');
  const mailsTo = (address: string) => readMailbox(trap, address);
  return {
    ctx: running.ctx,
    database,
    url: config.baseUrl,
    mailsTo,
    mailTo: (address, fits = () => true) =>
      until(async () => (await mailsTo(address)).filter(fits).at(-1), {
        timeoutMs: 20_000,
        everyMs: 50,
        what: `a mail to ${address}`,
      }),
    logged: () => lines.join(''),
    stop: async () => {
      await running.stop();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
