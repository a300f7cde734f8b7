import { join } from 'node:path';
import { pino } from 'pino';
import { readConfig } from '../src/config.ts';
import { openContext } from '../src/context.ts';
import { countWithin } from '../src/platform/db/limits.ts';
import { openLog } from '../src/platform/log.ts';
import { type Beside, start } from './child.ts';
import { runEngine } from './engine.ts';
import { freePort } from './free-port.ts';
import type { Ground } from './ground.ts';
import { type Load, sendLoad } from './http-load.ts';
import { type Newsroom, openNewsroom } from './newsroom.ts';
import { bareRun, type Run } from './result.ts';
import { cli } from './root.ts';
import { until } from './until.ts';

/** What the bars ask of the pages. */
export interface PageFigures {
  run: Run;
  signUpP95Ms: number;
  pageBytesMax: number;
}

const steady = { perSecond: 100, seconds: 20, connections: 50 };
const rush = { seconds: 10, connections: 64 };
/** What goes out meanwhile: as much as a good relay takes, for longer than the rush. */
const edition = { readers: 10_000, rate: '500/s' };
const settleMsMax = 120_000;
/** What a process logs once it listens. */
const ready = /"msg":"started"/;

/**
 * A hundred people a second open the form, sign up and are told to look into their inbox, at the program as it starts without
 * any setting: built-in database, no Redis, web and workers in one process.
 */
export async function runPages(ground: Ground, name: string): Promise<PageFigures> {
  const port = await freePort();
  const env = {
    ...ground.workerEnv(ground.sink.url),
    DATABASE_URL: '',
    REDIS_URL: '',
    DATA_DIR: join(ground.dir, 'pages'),
    PORT: String(port),
    HOST: '127.0.0.1',
    TRUSTED_PROXIES: '127.0.0.0/8',
    LOG_LEVEL: 'info',
  };
  const log = openLog({ level: 'error', destination: pino.destination({ fd: 2, sync: true }) });
  const ctx = await openContext(readConfig(env), log);
  let web: Beside | undefined;
  try {
    const { newsletter } = await (await openNewsroom(ctx)).edition(100);
    await makeUsual(ctx, newsletter.id);
    web = await start({ file: process.execPath, args: [...ground.nodeArgs, cli, 'start'], env }, ready);
    const { slug } = newsletter;
    await sendLoad({ ...steady, port, seconds: 3 }, (n) => visit(slug, 'warm', n));
    const load = await sendLoad({ ...steady, port, perSecond: 3 * steady.perSecond }, (n) =>
      visit(slug, 'reader', n),
    );
    refuseOthers(load, [200, 303]);
    return {
      run: bareRun(name, load.waitsMs.length, load.waitsMs.length / load.seconds),
      signUpP95Ms: load.waitsMs[Math.ceil(load.waitsMs.length * 0.95) - 1] ?? Number.NaN,
      pageBytesMax: load.bytesMax,
    };
  } finally {
    await web?.end();
    await ctx.close();
  }
}

/** As many sign-ups as one web process takes while two workers send an edition; each that was accepted must be there. */
export async function runRush(ground: Ground, newsroom: Newsroom, name: string): Promise<Run> {
  const { ctx } = ground;
  const { newsletter } = await newsroom.edition(100);
  await makeUsual(ctx, newsletter.id);
  const port = await freePort();
  const more = { PORT: String(port), HOST: '127.0.0.1', TRUSTED_PROXIES: '127.0.0.0/8', LOG_LEVEL: 'info' };
  const env = ground.workerEnv(ground.sink.url, more);
  const web = await start({ file: process.execPath, args: [...ground.nodeArgs, cli, 'web'], env }, ready);
  try {
    await sendLoad({ ...rush, port, seconds: 3 }, (n) => signUp(newsletter.slug, 'early', n));
    const before = await countSignUps(ctx);
    let load: Load | undefined;
    await runEngine(ground, newsroom, {
      name,
      workers: 2,
      readers: edition.readers,
      sink: { ...ground.sink, url: `${ground.sink.url}&rate=${edition.rate}` },
      meanwhile: async () => {
        load = await sendLoad({ ...rush, port }, (n) => signUp(newsletter.slug, 'rush', n));
      },
    });
    if (!load) throw new Error('nobody signed up');
    refuseOthers(load, [303]);
    const accepted = load.waitsMs.length;
    await until(async () => (await countSignUps(ctx)) - before === accepted, {
      timeoutMs: settleMsMax,
      what: `all ${accepted} sign-ups are in the database`,
    });
    return bareRun(name, accepted, accepted / load.seconds);
  } finally {
    await web.end();
  }
}

/** Else so many at once were a surge, in which each reader is asked for one tap more. */
async function makeUsual({ db, clock }: Ground['ctx'], newsletterId: number): Promise<void> {
  const weekMs = 7 * 24 * 3_600_000;
  await countWithin(db, `usual:${newsletterId}`, weekMs, clock.now(), 1_000_000);
}

async function countSignUps({ db }: Ground['ctx']): Promise<number> {
  const { n } = await db
    .selectFrom('sign_ups')
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow();
  return Number(n);
}

function refuseOthers({ statuses }: Load, wanted: readonly number[]): void {
  const others = [...statuses].filter(([status]) => !wanted.includes(status));
  if (others.length > 0)
    throw new Error(`answers with ${others.map(([status, n]) => `${status} (${n})`).join(', ')}`);
}

/** The form, the sign-up, and the page after it, in turn. */
function visit(slug: string, prefix: string, n: number): string {
  if (n % 3 === 1) return signUp(slug, prefix, n);
  return `GET /s/${slug}${n % 3 === 2 ? '/sent' : ''} HTTP/1.1\r\nHost: news.example.org\r\nAccept: text/html\r\n\r\n`;
}

/** A plain form's post, each from a network of its own: one that signs up so often is asked for one more step. */
export function signUp(slug: string, prefix: string, n: number): string {
  const body = `email=${prefix}${n}%40mail-${n % 20}.example&src=article-box&website=`;
  return [
    `POST /s/${slug} HTTP/1.1`,
    'Host: news.example.org',
    'Accept: text/html',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    `X-Forwarded-For: 10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
