import { hostname } from 'node:os';
import { afterAll, expect, it } from 'vitest';
import { insightCommands } from '../../src/insight/commands.ts';
import { registerWorker, stopWorker } from '../../src/platform/queue/workers.ts';
import { testContext } from '../support/context.ts';
import { runCommand } from '../support/shell.ts';

const ctx = await testContext();
afterAll(() => ctx.close());

it('status --here is a worker’s health: it fails unless a worker of this machine lives', async () => {
  const here = () => runCommand(ctx, insightCommands, ['status', '--here']);
  const now = ctx.clock.now();
  expect((await here()).exit).toBe(1);
  await registerWorker(ctx.db, { host: 'elsewhere', pid: 1, roles: ['worker'] }, now);
  await registerWorker(ctx.db, { host: hostname(), pid: 1, roles: ['web'] }, now);
  expect((await here()).exit).toBe(1);
  const worker = await registerWorker(ctx.db, { host: hostname(), pid: 2, roles: ['worker'] }, now);
  expect((await here()).exit).toBe(0);
  await stopWorker(ctx.db, worker, now);
  expect((await here()).exit).toBe(1);
  expect((await runCommand(ctx, insightCommands, ['status'])).exit).toBe(0);
});
