import { cancelSend } from '../src/deliveries/cancel-send.ts';
import { fanOut } from '../src/deliveries/fan-out.ts';
import { requestSend } from '../src/deliveries/request-send.ts';
import { startSend } from '../src/deliveries/start-send.ts';
import type { Ground } from './ground.ts';
import { walPosition } from './meter.ts';
import type { Newsroom } from './newsroom.ts';
import { bareRun, type Run } from './result.ts';

/**
 * Plans an edition while no worker runs, so that everyone waits at once: what that takes in Redis and in the write-ahead
 * log, and how fast it is planned. Then it is cancelled, and Redis emptied.
 */
export async function runWaiting(
  { ctx, redis }: Ground,
  newsroom: Newsroom,
  { name, readers, rhythms = false }: { name: string; readers: number; rhythms?: boolean },
): Promise<Run> {
  const { editionId } = await newsroom.edition(readers, { rhythms });
  await redis.empty();
  const before = { redisBytes: await redis.usedBytes(), wal: await walPosition(ctx.db) };
  const startedMs = performance.now();
  const by = { name: 'bench', mode: 'live' as const };
  await requestSend(ctx, { editionId, expectRecipients: readers, holdSeconds: 0, by });
  await startSend(ctx, { editionId });
  await fanOut(ctx, { editionId, after: 0 });
  const seconds = (performance.now() - startedMs) / 1000;
  const used = {
    redisBytes: (await redis.usedBytes()) - before.redisBytes,
    walBytes: (await walPosition(ctx.db)) - before.wal,
  };
  await cancelSend(ctx, { editionId });
  await redis.empty();
  return { ...bareRun(name, readers, readers / seconds), ...used };
}
