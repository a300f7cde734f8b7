import { fileURLToPath } from 'node:url';
import type { Queue as BullQueue } from 'bullmq';
import { sql } from 'kysely';

import { start } from './child.ts';
import type { Ground } from './ground.ts';
import { startMeter } from './meter.ts';
import type { Newsroom } from './newsroom.ts';
import type { Run } from './result.ts';
import { until } from './until.ts';
import { openUsualQueue, type UsualJob } from './usual-queue.ts';

/** Built or not, it lies beside this file. */
const workerFile = fileURLToPath(new URL('./usual-worker.js', import.meta.url));
/** As long as the engine's: two seconds. */
const warmUpReaders = 1_000;
const jobsPerCall = 1_000;
const startedWord = /ready/;
const perSecondMin = 20;

/**
 * The pipeline that newsletter tools on this ecosystem have: one BullMQ job per reader; per job one SELECT for the reader,
 * both parts rendered from Liquid templates, `sendMail` on a pooled nodemailer transport, one UPDATE. Same digest, same
 * Postgres, Redis and sink, as many processes and connections as the engine has. Measured from the snapshot of the audience
 * until every row is written.
 */
export async function runUsual(
  ground: Ground,
  newsroom: Newsroom,
  row: { name: string; workers: number; readers: number; connections: number },
): Promise<Run> {
  const { ctx, redis, sink } = ground;
  await sql`
    create table if not exists bench_usual (
      edition_id bigint not null, subscriber_id bigint not null, state text not null default 'queued', message_id text,
      sent_at timestamptz, primary key (edition_id, subscriber_id))`.execute(ctx.db);
  const warmUp = await newsroom.edition(warmUpReaders);
  const edition = await newsroom.edition(row.readers);
  const given = JSON.stringify({
    databaseUrl: ground.workerEnv(sink.url).DATABASE_URL,
    redisUrl: redis.url,
    smtp: { host: '127.0.0.1', port: sink.port },
    baseUrl: ctx.config.baseUrl,
    connections: row.connections,
    secret: ground.workerEnv(sink.url).SECRET_KEY,
  });
  const command = { file: process.execPath, args: [workerFile, given], env: { NODE_ENV: 'production' } };
  const workers = await Promise.all(Array.from({ length: row.workers }, () => start(command, startedWord)));
  const { queue, close } = openUsualQueue(redis.url);
  try {
    await send(ground, queue, warmUp.editionId, warmUpReaders);
    await sink.reset();
    const meter = await startMeter(
      ground,
      workers.map((one) => one.pid),
    );
    const startedAtMs = Date.now();
    const seconds = await send(ground, queue, edition.editionId, row.readers);
    const used = await meter.stop(row.readers);
    const { firstAtMs, bytes, messages } = await sink.count();
    const { name, readers } = row;
    const firstMailMs = firstAtMs - startedAtMs;
    return {
      name,
      workers: row.workers,
      dkim: false,
      readers,
      perSecond: readers / seconds,
      firstMailMs,
      mailBytes: Math.round(bytes / messages),
      ...used,
    };
  } finally {
    await close();
    await Promise.all(workers.map((one) => one.end()));
  }
}

/** @returns how many seconds it took. */
async function send(
  { ctx }: Ground,
  queue: BullQueue<UsualJob>,
  editionId: number,
  readers: number,
): Promise<number> {
  const startedMs = performance.now();
  const { rows } = await sql<{ id: number }>`
    insert into bench_usual (edition_id, subscriber_id)
    select e.id, s.subscriber_id from editions e join subscriptions s using (newsletter_id)
    where e.id = ${editionId} and s.state = 'active' returning subscriber_id as id`.execute(ctx.db);
  for (let from = 0; from < rows.length; from += jobsPerCall) {
    const part = rows.slice(from, from + jobsPerCall);
    await queue.addBulk(
      part.map(({ id }) => ({
        name: 'send',
        data: { editionId, subscriberId: id },
        opts: { attempts: 3, backoff: { type: 'exponential', delay: 1_000 }, removeOnComplete: true },
      })),
    );
  }
  await until(
    async () => {
      const { rows } = await sql<{ left: number }>`
        select count(*)::int as left from bench_usual where edition_id = ${editionId} and state <> 'sent'`.execute(
        ctx.db,
      );
      return rows[0]?.left === 0;
    },
    {
      timeoutMs: 30_000 + (readers / perSecondMin) * 1000,
      everyMs: 100,
      what: 'the usual pipeline is through',
    },
  );
  return (performance.now() - startedMs) / 1000;
}
