import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outcome } from '../bench/result.ts';
import { redisServerFound } from './support/own-redis.ts';
import { until } from './support/until.ts';

const run = promisify(execFile);
const bench = 'dist/bench/run.js';
const able = redisServerFound && spawnSync('cc', ['--version']).status === 0;
if (!able) console.log('skipped: the bench (no redis-server or no C compiler on the PATH)');

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bench-test-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe.skipIf(!able)('the bench', () => {
  it('measures an edition through a real worker and writes what it found', async () => {
    const file = join(dir, 'outcome.json');
    const args = ['--only', 'engine', '--readers', '300', '--rounds', '1', '--json', file];
    const { stdout } = await run(process.execPath, [bench, ...args], {
      env: { TMPDIR: dir, PATH: pathOf() },
    });
    expect(stdout).toContain('engine-2');

    const outcome = JSON.parse(await readFile(file, 'utf8')) as Outcome;
    expect(outcome.machine.cores).toBeGreaterThan(0);
    expect(outcome.runs.map((one) => [one.name, one.workers, one.readers])).toEqual([
      ['engine-1', 1, 300],
      ['engine-2', 2, 300],
      ['engine-2-10', 2, 300],
    ]);
    for (const one of outcome.runs) {
      expect(one.perSecond).toBeGreaterThan(0);
      expect(one.cpuUsPerMail.worker).toBeGreaterThan(0);
      expect(one.cpuUsPerMail.postgres).toBeGreaterThan(0);
      expect(one.rssMb).toBeGreaterThan(30);
      expect(one.walBytes).toBeGreaterThan(0);
      expect(one.firstMailMs).toBeGreaterThan(0);
    }
    // What did not run has no value, and is never called met.
    expect(outcome.ratios.cpuVsUsual).toBeNull();
    expect(outcome.bars.find((one) => one.name === 'cpuVsUsual')?.met).toBeNull();
    expect(await leftIn(dir)).toEqual([]);
  }, 180_000);

  it('leaves nothing behind when it is interrupted', async () => {
    const child = spawn(process.execPath, [bench, '--only', 'engine', '--readers', '300'], {
      env: { TMPDIR: dir, PATH: pathOf() },
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await until(async () => (await leftIn(dir)).length > 0, {
      timeoutMs: 60_000,
      what: 'the bench has begun',
    });
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(await leftIn(dir)).toEqual([]);
  });

  it('says which parts there are when it is asked for another', async () => {
    const asked = run(process.execPath, [bench, '--only', 'speed']);
    await expect(asked).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('engine,usual,') });
  });
});

async function leftIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('dateline-bench-'));
}

/** The bench looks for `cc` and `redis-server` where we would. */
function pathOf(): string {
  return process.env.PATH ?? '';
}
