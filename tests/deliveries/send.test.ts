import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deliver } from '../../src/deliveries/deliver.ts';
import { fanOut } from '../../src/deliveries/fan-out.ts';
import { openMailboxToken } from '../../src/lib/mailbox-token.ts';
import { openToken } from '../../src/lib/signed-token.ts';
import { readMessageId } from '../../src/platform/mail/message-id.ts';
import { morning, type TestContext, testContext } from '../support/context.ts';
import { readMailbox } from '../support/mailbox.ts';
import { seedNewsletter, seedReaders, seedReadyEdition, seedSend } from '../support/seed.ts';
import { assertClosedBooks, asWorker, begin, deliverFree, stateOf } from '../support/sending.ts';

let ctx: TestContext & { workerId: number };

beforeEach(async () => {
  ctx = await asWorker(await testContext({ env: { SMTP_CONNECTIONS: '4' } }));
});

afterEach(() => ctx.close());

describe('sending an edition', () => {
  it('gives every reader exactly one mail, and the books close', async () => {
    const { editionId } = await seedSend(ctx.db, { readers: 1203, at: morning });
    await begin(ctx, editionId, 1203);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({ planned: 1203, queued: 1203 });
    await deliverFree(ctx, editionId);
    expect(await assertClosedBooks(ctx, editionId)).toMatchObject({
      planned: 1203,
      accepted: 1203,
      queued: 0,
    });
    expect(await stateOf(ctx, editionId)).toBe('sent');
    const mails = await readMailbox(ctx.trap);
    expect(mails).toHaveLength(1203);
    expect(new Set(mails.map((mail) => mail.to[0])).size).toBe(1203);
    expect(ctx.logged()).not.toContain('@readers.example');
  });
});
void [
  deliver,
  fanOut,
  openMailboxToken,
  openToken,
  readMessageId,
  seedNewsletter,
  seedReaders,
  seedReadyEdition,
];
