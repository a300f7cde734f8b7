import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cancelSend } from '../../src/deliveries/cancel-send.ts';
import { moveEdition } from '../../src/editions/move.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { seedSend } from '../support/seed.ts';
import { begin, stateOf } from '../support/sending.ts';
import { until } from '../support/until.ts';

let ctx: TestContext;

beforeAll(async () => {
  ctx = await testContext();
});
afterAll(() => ctx.close());

it('a cancel and a pause at the same moment take the edition and its send in one order', async () => {
  const { editionId } = await seedSend(ctx.db, { readers: 3, at: morning });
  await begin(ctx, editionId, 3);
  let cancelled: Promise<unknown> = Promise.resolve();
  // A pause, stopped between its two rows until the cancel waits for the first.
  await ctx.db.transaction().execute(async (tx) => {
    await moveEdition(tx, editionId, ['sending'], 'paused', ctx.clock.now());
    cancelled = cancelSend(ctx, { editionId });
    await until(someoneWaits);
    await tx
      .updateTable('sends')
      .set({ pause_reason: 'paused by test' })
      .where('edition_id', '=', editionId)
      .execute();
  });
  expect(await cancelled).toMatchObject({ planned: 3, cancelled: 3 });
  expect(await stateOf(ctx, editionId)).toBe('cancelled');
});

async function someoneWaits(): Promise<boolean> {
  const { rows } = await sql`
    select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
    ctx.db,
  );
  return rows.length > 0;
}
