import { fanOut } from '../../src/deliveries/fan-out.ts';
import { startSend } from '../../src/deliveries/start-send.ts';
import { type Assembled, assemble } from '../../src/editions/assemble.ts';
import { compose } from '../../src/editions/compose.ts';
import type { Newsletter } from '../../src/newsletters/newsletter.ts';
import type { TestContext } from './context.ts';
import type { ReadMail } from './mailbox.ts';
import { deliverFree } from './sending.ts';
import { mailsTo } from './sign-ups.ts';

/** The calendar's edition of a slot, as the workers bring it on its way: assembled, composed, launched, planned, delivered. */
export async function goOut(
  ctx: TestContext,
  newsletter: Newsletter,
  slotDate: string,
  kind: 'regular' | 'weekly' = 'regular',
): Promise<Assembled> {
  const slot = { newsletterId: newsletter.id, kind, slotDate, seq: 1, scheduled: true };
  const assembled = await assemble(ctx, slot);
  if (assembled.kind === 'skipped') return assembled;
  if (assembled.kind === 'drafted') await compose(ctx, assembled);
  await startSend(ctx, assembled);
  await fanOut(ctx, { editionId: assembled.editionId, after: 0 });
  await deliverFree(ctx, assembled.editionId);
  return assembled;
}

/** The editions that an address got, oldest first; letters are left out. */
export async function editionsTo(ctx: TestContext, email: string): Promise<ReadMail[]> {
  return (await mailsTo(ctx, email)).filter((mail) => mail.headers.has('feedback-id'));
}
