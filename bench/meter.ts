import { sql } from 'kysely';
import { cpuUs, familyCpuUs, peakRssMb } from './cpu.ts';
import type { Ground } from './ground.ts';
import type { Run } from './result.ts';

/** What a run has used, as the kernel, Postgres and Redis tell it. */
export type Used = Pick<Run, 'cpuUsPerMail' | 'rssMb' | 'redisBytes' | 'walBytes'>;

export interface Meter {
  /** Reads everything again. */
  stop(mails: number): Promise<Used>;
}

const redisEveryMs = 50;

/** Starts to measure what these worker processes, Postgres and Redis use. */
export async function startMeter(ground: Ground, workerPids: readonly number[]): Promise<Meter> {
  const { redis, postmaster, ctx } = ground;
  const before = {
    worker: sum(workerPids.map(cpuUs)),
    postgres: postmaster === undefined ? 0 : familyCpuUs(postmaster),
    redis: cpuUs(redis.pid),
    redisBytes: await redis.usedBytes(),
    wal: await walPosition(ctx.db),
  };
  let peakBytes = before.redisBytes;
  const look = async () => {
    peakBytes = Math.max(peakBytes, await redis.usedBytes());
  };
  const timer = setInterval(() => void look().catch(() => {}), redisEveryMs);
  // A row that is broken off never stops its meter.
  timer.unref();
  return {
    stop: async (mails) => {
      clearInterval(timer);
      await look();
      const peaks = workerPids.map((pid) => peakRssMb(pid) ?? 0);
      const postgres = postmaster === undefined ? null : (familyCpuUs(postmaster) - before.postgres) / mails;
      return {
        cpuUsPerMail: {
          worker: (sum(workerPids.map(cpuUs)) - before.worker) / mails,
          postgres,
          redis: (cpuUs(redis.pid) - before.redis) / mails,
        },
        rssMb: Math.max(...peaks),
        redisBytes: peakBytes - before.redisBytes,
        walBytes: (await walPosition(ctx.db)) - before.wal,
      };
    },
  };
}

export async function walPosition(db: Ground['ctx']['db']): Promise<number> {
  const { rows } = await sql<{ at: number }>`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as at`.execute(db);
  return Number(rows[0]?.at);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
