import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { Ground } from './ground.ts';
import type { Machine } from './result.ts';
import { root } from './root.ts';

/** What the figures were taken on. */
export function describeMachine(ground: Ground): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.versions.node,
    postgres: ground.postgresVersion,
    redis: ground.redis.version,
  };
}

/** The commit that was measured; `+` when files have been changed since, `unknown` outside a checkout. */
export function describeCommit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return (
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src', 'bench') ? '+' : '')
    );
  } catch {
    return 'unknown';
  }
}
