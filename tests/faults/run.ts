import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { redisServerFound } from '../support/own-redis.ts';
import { keepFilesInMemory } from '../support/scratch.ts';
import { makeCluster } from './cluster.ts';
import { operators } from './operators.ts';
import { openPlayer, type Shared } from './play.ts';
import { relays } from './relays.ts';
import { table } from './report.ts';
import type { Scenario } from './scenario.ts';
import { makeTemplate } from './seed.ts';
import { secretKey } from './stage.ts';
import { stores } from './stores.ts';
import type { Row } from './tally.ts';
import { twice } from './twice.ts';
import { workerDeaths } from './worker-deaths.ts';

// `npm run test:faults -- [--only NAME[,NAME]] [--json FILE] [--at-once N] [--keep]`: brings faults about while an edition
// goes out through real processes, and holds the books against the relay's own log.

const scenarios: Scenario[] = [...workerDeaths, ...stores, ...relays, ...operators, ...twice];
/** Most of a scenario's time is waiting: for a worker to count as dead, for the minute of `rescue`. */
const atOnceUsually = 8;

keepFilesInMemory();
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
  if (!redisServerFound) throw new Error('redis-server is not on the PATH: apt-get install redis-server');
  const dir = await mkdtemp(join(tmpdir(), 'dateline-faults-'));
  await chmod(dir, 0o755);
  const shared = await prepare(dir);
  const { rows, skipped } = await playAll(shared, chosen, Number(values['at-once'] ?? atOnceUsually));
  await shared.cluster.stop();
  if (values.keep) console.log(`The logs are in ${dir}.`);
  else await rm(dir, { recursive: true, force: true });
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

/** One cluster with the template in it, and a second one, running, that is a copy of it. */
async function prepare(dir: string): Promise<Shared> {
  const original = await makeCluster(join(dir, 'original'));
  await original.start();
  const key = await makeTemplate(original, secretKey);
  await original.stop();
  const cluster = await makeCluster(join(dir, 'shared'), original);
  await cluster.start();
  return { dir, key, original, cluster };
}

/** Several at once, the long ones first; the rows come in the order of the scenarios. */
async function playAll(
  shared: Shared,
  chosen: readonly Scenario[],
  atOnce: number,
): Promise<{ rows: Row[]; skipped: string[] }> {
  const rows: Row[] = [];
  const skipped: string[] = [];
  const waiting = [...chosen].sort((a, b) => Number(b.long ?? false) - Number(a.long ?? false));
  const playOn = async (slot: number) => {
    const player = openPlayer(shared, `stage-${slot}`);
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const row = await player.play(next);
      if (row) {
        rows.push(row);
        console.log(`${row.ok ? 'ok' : 'FAILED'}  ${next.name}: ${next.about} (${row.seconds} s)`);
      } else skipped.push(next.name);
    }
    await player.close();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, chosen.length) }, (_, slot) => playOn(slot + 1)));
  const order = chosen.map((one) => one.name);
  rows.sort((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario));
  return { rows, skipped };
}
