import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliveriesCommands } from '../../src/deliveries/commands.ts';
import { rehearse } from '../../src/deliveries/rehearse.ts';
import { namedEdition } from '../../src/editions/find.ts';
import { morning, testContext } from '../support/context.ts';
import { seedReaders, seedSend } from '../support/seed.ts';
import { runCommand } from '../support/shell.ts';
import { openSink } from '../support/sink.ts';

const real = await openSink();
const ctx = await testContext({ smtpUrl: real.url });
afterAll(async () => {
  await ctx.close();
  await real.close();
});

let editionId = 0;
let newsletterId = 0;
beforeAll(async () => {
  ({ editionId, newsletterId } = await seedSend(ctx.db, { readers: 2_100, at: morning }));
});

const edition = () => namedEdition(ctx.db, `ed_${editionId}`);
const tables = ['deliveries', 'sends', 'send_counts', 'delivery_batches'] as const;

describe('a rehearsal', () => {
  it('writes every reader’s mail, lets none leave, and touches no book', async () => {
    const pages: number[] = [];
    const seen = await rehearse(ctx, await edition(), (through) => void pages.push(through));
    expect(seen).toMatchObject({ planned: 2_100, accepted: 2_100, mails: 2_100, faults: [], smtpUtf8: 0 });
    expect(pages).toEqual([1_000, 2_000, 2_100]);
    expect(seen.bytes / seen.mails).toBeGreaterThan(500);
    expect(seen.longestLine).toBeGreaterThan(50);
    expect(seen.longestLine).toBeLessThanOrEqual(998);
    expect(real.recipients).toEqual([]);
    for (const table of tables) expect(await ctx.db.selectFrom(table).selectAll().execute()).toEqual([]);
    expect((await edition()).state).toBe('ready');
  });

  it('finds the readers whose mail cannot be written, without their addresses', async () => {
    const at = new Date(morning.getTime() - 3_600_000);
    const [broken] = await seedReaders(ctx.db, { newsletterId, count: 1, at, prefix: 'broken' });
    const [greek] = await seedReaders(ctx.db, { newsletterId, count: 1, at, prefix: 'φίλος' });
    await ctx.db
      .updateTable('subscribers')
      .set({ email: 'broken\r\nBcc: all@readers.example' })
      .where('id', '=', broken ?? 0)
      .execute();
    expect(greek).toBeDefined();
    const ran = await runCommand(ctx, deliveriesCommands, ['send', 'rehearse', '2026-07-14']);
    expect(ran).toMatchObject({ exit: 6, document: { planned: 2_102, accepted: 2_101, smtputf8: 1 } });
    expect(ran.document.faults).toMatchObject([{ readers: 1, subscribers: [`sub_${broken}`] }]);
    expect(ran.lines).toContain('2101 of 2102 mails were written');
    expect(ran.lines).not.toContain('all@readers.example');
    expect(real.recipients).toEqual([]);
  });

  it('wants a composed edition', async () => {
    await ctx.db.updateTable('editions').set({ revision: 9 }).where('id', '=', editionId).execute();
    const ran = await runCommand(ctx, deliveriesCommands, ['send', 'rehearse', '2026-07-14']);
    expect(ran).toMatchObject({ exit: 3, error: expect.stringContaining('Compose it first') });
  });
});
