import { Redis } from 'ioredis';
import { until } from '../support/until.ts';
import { pauseFor, sendUpTo, untilState } from './acts.ts';
import type { Scenario } from './scenario.ts';
import { fill, free } from './small-disk.ts';

const flushed: Scenario = {
  name: 'redis-flushall',
  about: 'Redis is emptied, schedules and bells with it',
  long: true,
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.2);
    const redis = new Redis(stage.redis.url);
    await redis.flushall();
    redis.disconnect();
    await untilState(stage, 'sent');
    return { connections, unknownMax: 0 };
  },
};

const redisRestarted: Scenario = {
  name: 'redis-restart',
  about: 'Redis is killed and comes back five seconds later, without what it knew',
  long: true,
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.2);
    await stage.redis.kill();
    await pauseFor(5_000);
    await stage.redis.start();
    await untilState(stage, 'sent');
    return { connections, unknownMax: 0 };
  },
};

const postgresRestarted: Scenario = {
  name: 'postgres-restart',
  about: 'Postgres is stopped fast and started again two seconds later',
  postgres: 'own',
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.3);
    await stage.cluster.stop();
    await pauseFor(2_000);
    await stage.cluster.start();
    await untilState(stage, 'sent');
    return { connections };
  },
};

const backendsTerminated: Scenario = {
  name: 'postgres-terminate-backends',
  about: 'pg_terminate_backend of all connections, three times',
  act: async (stage) => {
    let connections = await sendUpTo(stage, 0.2);
    for (const share of [0.2, 0.4, 0.6]) {
      connections = (await stage.sink.until(stage.readers * share)).open;
      await stage.cluster.ask(
        'postgres',
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${stage.databaseName}'`,
      );
    }
    await untilState(stage, 'sent');
    return { connections };
  },
};

const noSpace = 'No space left on device';

const diskFull: Scenario = {
  name: 'disk-full',
  about: 'the database’s disk is full for ten seconds; then there is space again',
  postgres: 'small',
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.2);
    await fill(stage.cluster);
    await until(() => stage.cluster.said(noSpace), { timeoutMs: 60_000, what: 'Postgres has no space left' });
    await pauseFor(10_000);
    await free(stage.cluster);
    // A write-ahead log that cannot be written ends the server, on any machine; who runs it starts it again.
    if (!stage.cluster.runs()) await stage.cluster.start();
    await untilState(stage, 'sent');
    return { connections };
  },
};

export const stores: Scenario[] = [flushed, redisRestarted, postgresRestarted, backendsTerminated, diskFull];
