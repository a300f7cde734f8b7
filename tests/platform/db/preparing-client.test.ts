import { afterAll, describe, expect, it } from 'vitest';
import { PreparingClient } from '../../../src/platform/db/preparing-client.ts';
import { testDatabase } from '../../support/database.ts';

const { config, close } = await testDatabase();
afterAll(() => close());

describe('a server that falls silent in the middle', () => {
  it('is left 5 s after the limit of a statement, and everyone who waits is told', async () => {
    const client = new PreparingClient({ ...config, ssl: false, statement_timeout: 500 });
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query('select pg_backend_pid() as pid', []);
    const pid = Number((rows as { pid: number }[])[0]?.pid);
    process.kill(pid, 'SIGSTOP');
    try {
      const asked = [client.query('select 1', []), client.query('select 2', [])];
      const outcomes = await Promise.allSettled(asked);
      const reasons = outcomes.map((one) => one.status === 'rejected' && String(one.reason));
      expect(reasons).toEqual(Array(2).fill('Error: Connection terminated unexpectedly'));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});
