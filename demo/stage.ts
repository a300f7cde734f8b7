import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { createKey } from '../src/access/create-key.ts';
import { readConfig } from '../src/config.ts';
import { openLog } from '../src/platform/log.ts';
import { type Running, start } from '../src/start.ts';
import { type Api, openApi } from './api.ts';
import { type Inbox, openInbox } from './inbox.ts';
import { openSite, type Site } from './site.tsx';

/** Everything that the story is played on. */
export interface Stage {
  baseUrl: string;
  dataDir: string;
  site: Site;
  inbox: Inbox;
  /** Makes an API key, as `dateline key create` does on the machine. The key works on this stage only. */
  makeKey(): Promise<{ api: Api; text: string }>;
  /** What the program itself complained of. */
  complaints(): Promise<string[]>;
  /** Drains the program, closes the site, and removes the data unless it is to stay. Safe to call twice. */
  close(): Promise<void>;
}

export const newsletterName = 'Inside Washington';

const portWanted = 3000;
const complaintsMax = 20;

/** Starts the program on its embedded default in a fresh folder, and the news site beside it. */
export async function openStage(options: {
  port: number | undefined;
  keepData: string | boolean;
}): Promise<Stage> {
  const port = options.port ?? (await freePort(portWanted));
  const dataDir = await openFolder(options.keepData);
  const site = await openSite(await freePort(port + 1));
  const logFile = join(dataDir, 'demo.log');
  let running: Running;
  try {
    const config = readConfig({
      DATA_DIR: dataDir,
      PORT: String(port),
      BASE_URL: `http://localhost:${port}`,
      FETCH_ALLOW: new URL(site.origin).host,
      LOG_LEVEL: 'warn',
    });
    const destination = pino.destination({ dest: logFile, sync: true });
    running = await start(config, openLog({ level: config.logLevel, destination }), ['web', 'worker']);
  } catch (error) {
    await site.close();
    await leave(dataDir, options.keepData);
    throw error;
  }
  const { baseUrl } = running.ctx.config;
  let closing: Promise<void> | undefined;
  return {
    baseUrl,
    dataDir,
    site,
    inbox: openInbox(join(dataDir, 'mail'), { url: `${baseUrl}/trap`, newsletter: newsletterName }),
    makeKey: async () => {
      const { text } = await createKey(running.ctx, { name: 'the desk of the demo', scopes: ['*'] });
      return { api: openApi(baseUrl, text), text };
    },
    complaints: () => readComplaints(logFile),
    close: () => {
      closing ??= (async () => {
        await running.stop();
        await site.close();
        await leave(dataDir, options.keepData);
      })();
      return closing;
    },
  };
}

async function openFolder(keep: string | boolean): Promise<string> {
  if (typeof keep !== 'string') return mkdtemp(join(tmpdir(), 'dateline-demo-'));
  const dir = resolve(keep);
  if (existsSync(join(dir, 'postgres'))) {
    throw new Error(`${dir} holds the data of an earlier run: the story needs an empty folder.`);
  }
  await mkdir(dir, { recursive: true });
  return dir;
}

async function leave(dataDir: string, keep: string | boolean): Promise<void> {
  if (keep === false) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

/** The wanted port if nobody listens there, else any. */
async function freePort(wanted: number): Promise<number> {
  return (await listens(wanted)) ?? (await listens(0)) ?? wanted;
}

function listens(port: number): Promise<number | undefined> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => settle(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

async function readComplaints(logFile: string): Promise<string[]> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').filter(Boolean).slice(-complaintsMax);
}
