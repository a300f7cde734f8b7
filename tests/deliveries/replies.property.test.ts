import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { rescueDeliveries } from '../../src/deliveries/rescue.ts';
import { morning, testContext } from '../support/context.ts';
import { type Answer, scriptedSmtp, type Turn } from '../support/scripted-smtp.ts';
import { seedNewsletter, seedReaders, seedReadyEdition } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, deliverFree, stateOf } from '../support/sending.ts';

/** What the server does with one reader's mail the first time; the second time it takes it. */
const fates = {
  taken: {},
  busy: { rcpt: '451 4.7.28 unusual rate' },
  later: { rcpt: '450 4.2.0 try later' },
  nobody: { rcpt: '550 5.1.1 no such user' },
  disliked: { dot: '554 5.7.1 looks like spam' },
  'later after all': { dot: '451 4.3.0 disk full' },
  'dropped before': { rcpt: { after: 'drop' } },
  'dropped after': { dot: { say: '250 ok', unsaid: true, after: 'drop' } },
} as const satisfies Record<string, { rcpt?: Answer; dot?: Answer }>;
type Fate = keyof typeof fates;

const told = new Map<string, Fate>();
/** Whose mail each connection is carrying; the answer to the dot needs to know. */
const carried = new Map<number, string[]>();

const smtp = await scriptedSmtp({
  rcpt: ({ connection, line }: Turn) => {
    const reader = /<([^@]+)@/.exec(line)?.[1] ?? '';
    const answer = tell(reader, 'rcpt');
    if (answer === undefined) carried.set(connection, [...(carried.get(connection) ?? []), reader]);
    return answer ?? '250 2.1.5 ok';
  },
  dot: ({ connection }: Turn) => tell(carried.get(connection)?.shift() ?? '', 'dot') ?? '250 2.0.0 ok',
});
const ctx = await asWorker(
  await testContext({ smtpUrl: `smtp://127.0.0.1:${smtp.port}`, env: { SMTP_CONNECTIONS: '4' } }),
);
afterAll(async () => {
  await ctx.close();
  await smtp.close();
});

function tell(reader: string, step: 'rcpt' | 'dot'): Answer | undefined {
  const fate: { rcpt?: Answer; dot?: Answer } = fates[told.get(reader) ?? 'taken'];
  const answer = fate[step];
  if (answer !== undefined) told.delete(reader);
  return answer;
}

const readers = 30;
const often = fc.constantFrom<Fate>(
  'taken',
  'taken',
  'busy',
  'later',
  'nobody',
  'disliked',
  'later after all',
);
const seldom = fc.constantFrom<Fate>('dropped before', 'dropped after');
const fate = fc.oneof({ weight: 14, arbitrary: often }, { weight: 1, arbitrary: seldom });
let runs = 0;

describe('whatever a server answers', () => {
  it('ends with everyone accounted for, nobody twice, and each in the state that the answer means', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: readers, maxLength: readers }), async (drawn) => {
        runs += 1;
        ctx.clock.set(morning);
        smtp.accepted.length = 0;
        await ctx.db.deleteFrom('lanes').execute();
        const at = new Date(morning.getTime() - 60_000);
        const newsletterId = await seedNewsletter(ctx.db, { slug: `daily-${runs}`, at });
        await seedReaders(ctx.db, { newsletterId, count: readers, at, prefix: `run${runs}-` });
        drawn.forEach((one, index) => {
          told.set(`run${runs}-${index + 1}`, one);
        });
        const editionId = await seedReadyEdition(ctx.db, { newsletterId, at: morning });
        await begin(ctx, editionId, readers);
        // A lane rests for two hours at most, so half a day is enough until the last is through.
        for (let round = 0; round < 24 && (await stateOf(ctx, editionId)) === 'sending'; round += 1) {
          await deliverFree(ctx, editionId);
          await assertClosedBooks(ctx, editionId);
          ctx.clock.advance(30 * 60_000);
          await ctx.db.updateTable('workers').set({ heartbeat_at: ctx.clock.now() }).execute();
          await rescueDeliveries(ctx);
        }
        const counts = await assertClosedBooks(ctx, editionId);
        expect(await stateOf(ctx, editionId)).toBe('sent');
        expect(smtp.accepted.length, 'nobody gets two').toBe(new Set(smtp.accepted).size);
        expect(counts.refused).toBe(drawn.filter((one) => one === 'nobody' || one === 'disliked').length);
        expect(counts.accepted + counts.unknown + counts.refused).toBe(readers);
        const doubtful = drawn.filter((one) => one === 'dropped after' || one === 'dropped before').length;
        if (doubtful === 0) expect(counts.unknown).toBe(0);
        expect(smtp.accepted.length).toBeGreaterThanOrEqual(counts.accepted);
        expect(smtp.accepted.length).toBeLessThanOrEqual(counts.accepted + counts.unknown);
      }),
      { numRuns: 6, seed: 20_260_714 },
    );
  }, 240_000);
});
