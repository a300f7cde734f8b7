import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rescue } from '../../workers/rescue.ts';
import { type TestContext, testContext } from '../support/context.ts';

let ctx: TestContext;

beforeAll(async () => {
  ctx = await testContext();
});
afterAll(() => ctx.close());

async function report(): Promise<unknown> {
  const row = await ctx.db.selectFrom('upkeep').select('report').executeTakeFirstOrThrow();
  return row.report;
}

describe('rescue', () => {
  it('goes on with the next chapter when one is in trouble, and says which', async () => {
    await mkdir(join(ctx.dataDir, 'spool'));
    // No folder can stand where a file is, so the first chapter cannot read its spool.
    await writeFile(join(ctx.dataDir, 'spool', 'unsubscribe'), '');
    await ctx.db
      .insertInto('sources')
      .values({
        kind: 'feed',
        url: 'https://www.example.org/feed',
        lang: 'en',
        next_poll_at: ctx.clock.now(),
        created_at: ctx.clock.now(),
      })
      .execute();
    await rescue(ctx);
    expect(await report()).toMatchObject({
      subscribers: 'failed',
      articles: { polls: 1 },
      deliveries: { batchesRung: 0 },
    });
    expect((await ctx.queues.depths()).articles.waiting).toBe(1);
    expect(ctx.logged()).toContain('"chapter":"subscribers"');
  });
});
