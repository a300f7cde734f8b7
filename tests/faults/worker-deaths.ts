import { busiestWorker, pauseFor, sendUpTo, untilState } from './acts.ts';
import type { Scenario } from './scenario.ts';
import { connectionsPerWorker } from './stage.ts';

/** A worker that is killed is started again, as any supervisor does; its leases are free after a minute. */
function killed(percent: number): Scenario {
  return {
    name: `kill-worker-${percent}`,
    about: `kill -9 of a worker when ${percent} % are out`,
    long: true,
    act: async (stage) => {
      const open = await sendUpTo(stage, percent / 100);
      const victim = await busiestWorker(stage);
      await victim.kill();
      stage.start('worker');
      await untilState(stage, 'sent');
      return { connections: Math.min(open, connectionsPerWorker) };
    },
  };
}

const everything: Scenario = {
  name: 'kill-everything',
  about: 'kill -9 of web, workers, Redis and Postgres; then all are started again',
  postgres: 'own',
  long: true,
  act: async (stage) => {
    const connections = await sendUpTo(stage, 0.4);
    await Promise.all([
      ...[stage.web, ...stage.workers].map((one) => one.kill()),
      stage.redis.kill(),
      stage.cluster.kill(),
    ]);
    await Promise.all([stage.cluster.start(), stage.redis.start()]);
    stage.start('worker');
    stage.start('worker');
    await stage.startWeb();
    await untilState(stage, 'sent');
    return { connections };
  },
};

const endMsMax = 20_000;

const told: Scenario = {
  name: 'sigterm',
  about: 'SIGTERM to both workers: they end within 20 s with nothing in doubt, and two others go on',
  act: async (stage) => {
    await sendUpTo(stage, 0.3);
    const ended = await Promise.all(stage.workers.map((one) => one.end()));
    const problems = ended
      .filter(({ code, tookMs }) => code !== 0 || tookMs > endMsMax)
      .map(({ code, tookMs }) => `a worker ended with ${code} after ${Math.round(tookMs)} ms`);
    const before = (await stage.sink.state()).accepted;
    if (before === stage.readers) problems.push('everything was out before they ended');
    await pauseFor(500);
    if ((await stage.sink.state()).accepted !== before)
      problems.push('something went out after they had ended');
    stage.start('worker');
    stage.start('worker');
    await untilState(stage, 'sent');
    return { connections: 2 * connectionsPerWorker, unknownMax: 0, problems };
  },
};

export const workerDeaths: Scenario[] = [killed(10), killed(50), killed(90), everything, told];
