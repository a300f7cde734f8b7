import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { requestSend } from '../../src/deliveries/request-send.ts';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { openQueues } from '../../src/platform/queue/queue.ts';
import { deliveries } from '../../workers/deliveries.ts';
import { editions } from '../../workers/editions.ts';
import { morning, testContext } from '../support/context.ts';
import { redisServerFound, startRedis } from '../support/own-redis.ts';
import { scriptedSmtp } from '../support/scripted-smtp.ts';
import { seedSend } from '../support/seed.ts';
import { anotherWorker, assertClosedBooks, asWorker, countsOf, stateOf } from '../support/sending.ts';
import { until } from '../support/until.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const readers = 2_500;
const by = { name: 'test', mode: 'live' as const };

/** Two workers with hands on the queues, as two processes have. */
async function staffed(redisUrl?: string) {
  const smtp = await scriptedSmtp();
  closers.push(() => smtp.close());
  const smtpUrl = `smtp://127.0.0.1:${smtp.port}`;
  const ctx = await asWorker(await testContext({ smtpUrl, env: { SMTP_CONNECTIONS: '4' } }));
  closers.push(() => ctx.close());
  if (redisUrl) {
    const onRedis = await openQueues({ redisUrl });
    closers.push(() => onRedis.close());
    ctx.queues = onRedis;
  }
  const other = await anotherWorker(ctx, smtpUrl);
  closers.push(() => other.close());
  const workloads = [editions(ctx), deliveries(ctx), deliveries(other)];
  closers.push(() => Promise.all(workloads.map((workload) => workload.close())));
  const { editionId } = await seedSend(ctx.db, { readers, at: morning });
  return { ctx, smtp, editionId };
}

describe('two workers on the queue', () => {
  it('send to everyone exactly once, from one request, with no other push', async () => {
    const { ctx, smtp, editionId } = await staffed();
    await requestSend(ctx, { editionId, expectRecipients: readers, holdSeconds: 0, by });
    await until(async () => (await stateOf(ctx, editionId)) === 'sent', { timeoutMs: 60_000 });
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: readers, accepted: readers });
    expect(smtp.accepted).toHaveLength(readers);
    expect(new Set(smtp.accepted).size).toBe(readers);
    const leases = ctx.logged().match(/"deed":"deliver".*"ended":"done"/g) ?? [];
    expect(leases).toHaveLength(readers / 500);
  });

  it.skipIf(!redisServerFound)(
    'lose nothing but time when Redis is emptied in the middle',
    async () => {
      const redis = await startRedis('--maxmemory-policy', 'noeviction');
      closers.push(() => redis.kill());
      const { ctx, smtp, editionId } = await staffed(redis.url);
      await requestSend(ctx, { editionId, expectRecipients: readers, holdSeconds: 0, by });
      await until(() => smtp.accepted.length > 300);
      const client = new Redis(redis.url);
      await client.flushall();
      client.disconnect();
      await until(
        async () => {
          // As it does every minute; here as soon as it can.
          await rescueDeliveries(ctx);
          return (await stateOf(ctx, editionId)) === 'sent';
        },
        { timeoutMs: 60_000, everyMs: 200 },
      );
      expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ accepted: readers, unknown: 0 });
      expect(smtp.accepted).toHaveLength(readers);
      expect(new Set(smtp.accepted).size).toBe(readers);
      expect((await countsOf(ctx, editionId)).planned).toBe(readers);
    },
    120_000,
  );
});
