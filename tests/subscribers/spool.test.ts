import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { drainSpool, spoolUnsubscription } from '../../src/subscribers/spool.ts';

it('a spool that two processes empty at once is emptied, and neither stumbles over the other', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'dateline-spool-'));
  const folder = join(dataDir, 'spool', 'unsubscribe');
  for (const newsletterId of [1, 2, 3]) {
    await spoolUnsubscription(dataDir, { subscriberId: 7, newsletterId, saidAt: new Date(0) });
  }
  // While the first wish is carried out here, the other process carries out all of them.
  const carriedOut = await drainSpool(dataDir, async () => {
    for (const name of await readdir(folder)) await rm(join(folder, name));
  });
  expect(carriedOut).toBe(1);
  expect(await readdir(folder)).toEqual([]);
  expect(await drainSpool(dataDir, async () => undefined)).toBe(0);
  await rm(dataDir, { recursive: true });
});
