import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cluster, makeCluster } from './cluster.ts';
import type { Scenario } from './scenario.ts';
import { mountSmallDisk } from './small-disk.ts';
import { type Ground, openStage, type Stage } from './stage.ts';
import { type Row, tally } from './tally.ts';

/** What all scenarios share. */
export interface Shared extends Ground {
  /** Stopped; what every other cluster is copied from. */
  original: Cluster;
  /** Running, for all who do not harm it. */
  cluster: Cluster;
}

export interface Player {
  /** Plays one scenario. @returns undefined when this machine cannot have it. */
  play(scenario: Scenario): Promise<Row | undefined>;
  close(): Promise<void>;
}

const readersUsually = 2_000;

/** Plays scenarios one after the other, on one stage as long as they leave it whole: starting processes costs the most. */
export function openPlayer(shared: Shared, name: string): Player {
  let kept: Stage | undefined;
  let opened = 0;

  async function playOnKept(scenario: Scenario): Promise<Row> {
    if (!kept) {
      opened += 1;
      kept = await openStage(shared, `${name}-${opened}`, shared.cluster);
    }
    const row = await playOn(kept, scenario);
    if (!row.ok) {
      await kept.close();
      kept = undefined;
    }
    return row;
  }

  async function playAlone(scenario: Scenario): Promise<Row | undefined> {
    const dir = join(shared.dir, scenario.name, 'cluster');
    const unmount = scenario.postgres === 'small' ? await mountSmallDisk(dir) : undefined;
    if (scenario.postgres === 'small' && !unmount) return undefined;
    const cluster = await makeCluster(dir, shared.original);
    let stage: Stage | undefined;
    try {
      await cluster.start();
      stage = await openStage(shared, scenario.name, cluster);
      return await playOn(stage, scenario);
    } finally {
      await stage?.close();
      if (cluster.runs()) await cluster.kill();
      await unmount?.();
    }
  }

  return {
    play: (scenario) => (scenario.postgres ? playAlone(scenario) : playOnKept(scenario)),
    close: async () => kept?.close(),
  };
}

async function playOn(stage: Stage, scenario: Scenario): Promise<Row> {
  const startedMs = performance.now();
  const figures = await bringAbout(stage, scenario);
  stage.books?.stop();
  if (!figures.ok) await tellLogs(stage);
  return { scenario: scenario.name, ...figures, seconds: Math.round((performance.now() - startedMs) / 1000) };
}

async function bringAbout(stage: Stage, { name, readers = readersUsually, sink, act }: Scenario) {
  try {
    await stage.begin(name, readers);
    if (sink) await stage.sink.behave(sink);
    return await tally(stage, await act(stage));
  } catch (error) {
    const problems = [error instanceof Error ? error.message : String(error)];
    return tally(stage, { connections: 0, problems });
  }
}

const gravesShown = 12;
const graveCharsMax = 400;

/** The last warnings and errors of a stage's processes. */
async function tellLogs({ dir }: Stage): Promise<void> {
  for (const role of ['web', 'worker']) {
    const lines = (await readFile(join(dir, `${role}.log`), 'utf8').catch(() => '')).split('\n');
    const graves = lines.filter((line) => line !== '' && !/"level":"(info|debug)"/.test(line));
    for (const line of graves.slice(-gravesShown)) console.log(`  ${role}: ${line.slice(0, graveCharsMax)}`);
  }
}
