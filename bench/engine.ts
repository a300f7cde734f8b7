import { requestSend } from '../src/deliveries/request-send.ts';
import { livingWorkers } from '../src/platform/queue/workers.ts';
import { type Beside, start } from './child.ts';
import type { Ground } from './ground.ts';
import { startMeter } from './meter.ts';
import type { Newsroom } from './newsroom.ts';
import type { Run } from './result.ts';
import { cli } from './root.ts';
import type { Sink } from './sink.ts';
import { until } from './until.ts';

export interface EngineRow {
  name: string;
  workers: number;
  readers: number;
  /** Where the mails go; default: the fast sink. */
  sink?: Pick<Sink, 'url'> & Partial<Pick<Sink, 'reset' | 'count'>>;
  /** What the workers' environment has besides. */
  env?: Record<string, string>;
  dkim?: boolean;
  /** Runs while the edition goes out. */
  meanwhile?: (over: () => boolean) => Promise<void>;
}

/** Two seconds' worth: until then the compiler takes a fifth of a worker's time. */
const warmUpReadersMax = 20_000;
const startMsMax = 30_000;
/** No machine that is worth measuring is slower. */
const perSecondMin = 50;

/**
 * Sends one edition through worker processes as they run in production, and measures from the request to the last entry in
 * the books. The workers are started for it and have sent a small edition before, so that neither their start nor the
 * compiler's first minute is measured.
 *
 * @throws Error when not everyone got the mail, or not everyone once.
 */
export async function runEngine(ground: Ground, newsroom: Newsroom, row: EngineRow): Promise<Run> {
  const { ctx } = ground;
  const sink = row.sink ?? ground.sink;
  const warmUpReaders = Math.min(warmUpReadersMax, row.readers);
  const warmUp = await newsroom.edition(warmUpReaders);
  const { editionId } = await newsroom.edition(row.readers);
  const workers = await startWorkers(ground, row, sink.url);
  try {
    await send(ctx, warmUp.editionId, warmUpReaders);
    await sink.reset?.();
    const meter = await startMeter(
      ground,
      workers.map((one) => one.pid),
    );
    let over = false;
    const beside = row.meanwhile?.(() => over);
    // Awaited below; when the row is broken off before, its own failure is the one to tell.
    beside?.catch(() => {});
    const { requestedAtMs, seconds } = await send(ctx, editionId, row.readers);
    over = true;
    const used = await meter.stop(row.readers);
    await beside;
    const figures = await sink.count?.();
    if (figures && figures.messages !== row.readers && !row.meanwhile) {
      throw new Error(`${figures.messages} mails are in the sink and not ${row.readers}`);
    }
    return {
      name: row.name,
      workers: row.workers,
      dkim: row.dkim ?? false,
      readers: row.readers,
      perSecond: row.readers / seconds,
      firstMailMs: figures ? figures.firstAtMs - requestedAtMs : null,
      mailBytes: figures ? Math.round(figures.bytes / figures.messages) : null,
      ...used,
    };
  } finally {
    await Promise.all(workers.map((one) => one.end()));
  }
}

async function startWorkers(ground: Ground, row: EngineRow, smtpUrl: string): Promise<Beside[]> {
  const { ctx } = ground;
  const command = {
    file: process.execPath,
    args: [...ground.nodeArgs, cli, 'worker'],
    env: ground.workerEnv(smtpUrl, row.env),
  };
  const workers = await Promise.all(Array.from({ length: row.workers }, () => start(command)));
  const pids = new Set(workers.map((one) => one.pid));
  try {
    await until(
      async () => {
        const living = await livingWorkers(ctx.db, ctx.clock.now());
        return living.filter((one) => pids.has(one.pid)).length === row.workers;
      },
      { timeoutMs: startMsMax, what: 'the workers are there' },
    );
  } catch (error) {
    const words = workers.map((one) => one.said().slice(-1_000)).join('\n');
    await Promise.all(workers.map((one) => one.end()));
    throw new Error(`a worker did not start: ${words}`, { cause: error });
  }
  return workers;
}

/** From the request to the last entry in the books, which must say that everyone was accepted. */
async function send(
  ctx: Ground['ctx'],
  editionId: number,
  readers: number,
): Promise<{ requestedAtMs: number; seconds: number }> {
  const requestedAt = ctx.clock.now();
  const requestedAtMs = Date.now();
  const by = { name: 'bench', mode: 'live' as const };
  await requestSend(ctx, { editionId, expectRecipients: readers, holdSeconds: 0, by });
  const finishedAt = await until(
    async () => {
      const row = await ctx.db
        .selectFrom('sends')
        .select('finished_at')
        .where('edition_id', '=', editionId)
        .executeTakeFirst();
      return row?.finished_at;
    },
    { timeoutMs: 30_000 + (readers / perSecondMin) * 1000, what: `edition ${editionId} is through` },
  );
  const { accepted } = await ctx.db
    .selectFrom('send_counts')
    .select((count) => count.fn.sum<number>('accepted').as('accepted'))
    .where('edition_id', '=', editionId)
    .executeTakeFirstOrThrow();
  if (Number(accepted) !== readers) throw new Error(`${accepted} of ${readers} deliveries were accepted`);
  return { requestedAtMs, seconds: (finishedAt.getTime() - requestedAt.getTime()) / 1000 };
}
