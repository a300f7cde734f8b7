import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { redisServerFound } from '../support/own-redis.ts';
import { type Cluster, makeCluster } from './cluster.ts';
import { operators } from './operators.ts';
import { relays } from './relays.ts';
import { table } from './report.ts';
import type { Scenario } from './scenario.ts';
import { makeTemplate } from './seed.ts';
import { mountSmallDisk } from './small-disk.ts';
import { type Ground, openStage, type Stage, secretKey } from './stage.ts';
import { stores } from './stores.ts';
import { type Row, tally } from './tally.ts';
import { twice } from './twice.ts';
import { workerDeaths } from './worker-deaths.ts';

// `npm run test:faults -- [--only NAME[,NAME]] [--json FILE] [--at-once N] [--keep]`: brings faults about while an edition goes out
// through real processes, and holds the books against the relay's own log.

const scenarios: Scenario[] = [...workerDeaths, ...stores, ...relays, ...operators, ...twice];
const readersUsually = 2_000;
/** Most of a scenario's time is waiting: for a worker to count as dead, for the minute of `rescue`. */
const atOnceUsually = 6;

interface Shared extends Ground {
  /** Stopped; what every other cluster is copied from. */
  original: Cluster;
  /** Running, for all who do not harm it. */
  cluster: Cluster;
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      json: { type: 'string' },
      'at-once': { type: 'string' },
      keep: { type: 'boolean' },
    },
  });
  const chosen = choose(values.only);
  if (!redisServerFound)
    throw new Error('redis-server is not on the PATH: install it (apt-get install redis-server)');
  const dir = await mkdtemp(join(tmpdir(), 'dateline-faults-'));
  await chmod(dir, 0o755);
  const shared = await prepare(dir);
  const rows: Row[] = [];
  const skipped: string[] = [];
  const waiting = [...chosen].sort((a, b) => Number(b.long ?? false) - Number(a.long ?? false));
  const take = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const row = await play(shared, next);
      if (!row) {
        skipped.push(next.name);
        continue;
      }
      rows.push(row);
      console.log(`${row.ok ? 'ok' : 'FAILED'}  ${next.name}: ${next.about} (${row.seconds} s)`);
    }
  };
  try {
    await Promise.all(Array.from({ length: Number(values['at-once'] ?? atOnceUsually) }, take));
  } finally {
    await shared.cluster.stop();
    if (values.keep) console.log(`The logs are in ${dir}.`);
    else await rm(dir, { recursive: true, force: true });
  }
  const order = chosen.map((one) => one.name);
  rows.sort((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario));
  if (values.json) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  const failed = rows.filter((row) => !row.ok).length;
  console.log(`\n${table(rows)}\n`);
  for (const name of skipped)
    console.log(`skipped: ${name}: a small disk cannot be mounted here (it takes root)`);
  console.log(`${rows.length - failed} passed, ${failed} failed, ${skipped.length} skipped`);
  process.exit(failed > 0 ? 1 : 0);
}

function choose(only: string | undefined): Scenario[] {
  if (only === undefined) return scenarios;
  const names = only.split(',');
  const unknown = names.filter((name) => !scenarios.some((one) => one.name === name));
  if (unknown.length > 0) {
    console.error(`There is no scenario ${unknown.join(', ')}. There are:`);
    for (const { name, about } of scenarios) console.error(`  ${name}  ${about}`);
    process.exit(2);
  }
  return scenarios.filter((one) => names.includes(one.name));
}

async function prepare(dir: string): Promise<Shared> {
  const original = await makeCluster(join(dir, 'original'));
  await original.start();
  const key = await makeTemplate(original, secretKey);
  await original.stop();
  const cluster = await makeCluster(join(dir, 'shared'), original);
  await cluster.start();
  return { dir, key, original, cluster };
}

/** Plays one scenario on a stage of its own. @returns undefined when this machine cannot have it. */
async function play(shared: Shared, scenario: Scenario): Promise<Row | undefined> {
  const { name, postgres, readers = readersUsually } = scenario;
  const startedMs = performance.now();
  const clusterDir = join(shared.dir, name, 'cluster');
  const unmount = postgres === 'small' ? await mountSmallDisk(clusterDir) : undefined;
  if (postgres === 'small' && !unmount) return undefined;
  let cluster = shared.cluster;
  let stage: Stage | undefined;
  const none = { planned: 0, unique: 0, duplicates: 0, missing: 0, unknown: 0, refused: 0, skipped: 0 };
  const seconds = () => Math.round((performance.now() - startedMs) / 1000);
  try {
    if (postgres) {
      cluster = await makeCluster(clusterDir, shared.original);
      await cluster.start();
    }
    stage = await openStage(shared, { name, readers, cluster });
    if (scenario.sink) await stage.sink.behave(scenario.sink);
    const outcome = await scenario.act(stage);
    stage.books.stop();
    const figures = await tally(stage, outcome);
    if (!figures.ok) await tellLogs(stage);
    return { scenario: name, ...figures, seconds: seconds() };
  } catch (error) {
    const problems = [error instanceof Error ? error.message : String(error)];
    const figures = stage
      ? await tally(stage, { connections: 0, problems }).catch(() => undefined)
      : undefined;
    if (stage) await tellLogs(stage);
    const row = figures ?? { ...none, cancelled: 0, connections: 0, ok: false, problems };
    return { scenario: name, ...row, seconds: seconds() };
  } finally {
    await stage?.close();
    if (cluster !== shared.cluster && cluster.runs()) await cluster.kill();
    await unmount?.();
  }
}

/** The last warnings and errors of a scenario's processes. */
async function tellLogs({ dir }: Stage): Promise<void> {
  for (const role of ['web', 'worker']) {
    const lines = (await readFile(join(dir, `${role}.log`), 'utf8').catch(() => '')).split('\n');
    const grave = lines.filter((line) => !/"level":(10|20|30|"info"|"debug")/.test(line) && line !== '');
    for (const line of grave.slice(-12)) console.log(`  ${role}: ${line.slice(0, 400)}`);
  }
}
