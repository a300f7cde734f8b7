import type { Context } from '../context.ts';
import { maskAddresses } from '../lib/mask.ts';
import type { Answer } from './answer.ts';
import type { Lease, Window } from './claim.ts';
import { handsOf } from './hands.ts';
import { troubledLane } from './lane.ts';
import { otherLane } from './lane-names.ts';
import type { Trouble } from './lane-policy.ts';
import { writeRecovery, writeTrouble } from './lane-queries.ts';

/**
 * Draws from a window's answers what they mean for their lanes: a lane in trouble rests for all workers, one that recovers
 * gets a connection back. A failure to write that down is logged and forgotten: the next answer says the same again, and the
 * books come first.
 */
export async function heedAnswers(
  ctx: Context,
  lease: Lease,
  answers: readonly Answer[],
  window: Pick<Window, 'pace'>,
): Promise<void> {
  try {
    const accepted = answers.filter((one) => one.settlement.state === 'accepted').length;
    if (accepted > 0 && window.pace.probe !== undefined) {
      await writeRecovery(ctx.db, lease.lane, accepted, ctx.clock.now());
    }
    for (const answer of answers) await heed(ctx, lease, answer);
  } catch (error) {
    const reason = maskAddresses(String(error));
    ctx.log.warn({ deed: 'heed-answers', lane: lease.lane, reason }, 'a lane could not be written down');
  }
}

async function heed(ctx: Context, lease: Lease, { trouble, domain, settlement }: Answer): Promise<void> {
  const { lanes } = handsOf(ctx);
  const lane = troubledLane(lease.lane, domain, otherLane);
  if (settlement.state === 'accepted') lanes.answered(lane);
  if (!trouble || (trouble.kind === 'network' && !lanes.failedTooOften(lane))) return;
  await rest(ctx, lane, trouble, settlement.textMasked ?? '');
}

async function rest(ctx: Context, lane: string, trouble: Trouble, lastAnswer: string): Promise<void> {
  const until = await writeTrouble(ctx.db, lane, trouble, { lastAnswer, now: ctx.clock.now() });
  if (!until) return;
  ctx.log[trouble.kind === 'reputation' ? 'error' : 'warn'](
    { deed: 'rest-lane', lane, trouble: trouble.kind, until: until.toISOString(), lastAnswer },
    'a lane rests',
  );
}
