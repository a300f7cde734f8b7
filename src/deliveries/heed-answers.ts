import type { Context } from '../context.ts';
import { maskAddresses } from '../lib/mask.ts';
import type { Answer } from './answer.ts';
import type { Lease, Window } from './claim.ts';
import { handsOf } from './hands.ts';
import { troubledLane } from './lane.ts';
import { otherLane } from './lane-names.ts';
import type { Trouble } from './lane-policy.ts';
import { writeRecovery, writeTrouble } from './lane-queries.ts';
import { pauseIfHarmful } from './pause-if-harmful.ts';
import { pauseByItself } from './pause-send.ts';

/**
 * Draws from a window's answers what they mean for others: a lane in trouble rests for all workers, one that recovers gets a
 * connection back, and a send that does harm pauses. A failure to write that down is logged and forgotten: the next answer says the same again, and the
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
    const { lanes } = handsOf(ctx);
    for (const answer of answers) {
      if (answer.settlement.state !== 'accepted') await heed(ctx, lease, answer);
      else lanes.accepted(troubledLane(lease.lane, answer.domain, otherLane));
    }
    if (answers.some((one) => one.bounce !== undefined)) await pauseIfHarmful(ctx, lease.editionId);
  } catch (error) {
    const reason = maskAddresses(String(error));
    ctx.log.warn({ deed: 'heed-answers', lane: lease.lane, reason }, 'a lane could not be written down');
  }
}

async function heed(ctx: Context, lease: Lease, { trouble, domain, settlement }: Answer): Promise<void> {
  const { lanes } = handsOf(ctx);
  const lane = troubledLane(lease.lane, domain, otherLane);
  const lastAnswer = settlement.textMasked ?? '';
  if (settlement.class === 'auth' && lanes.tooMany('auth', lane)) {
    await pauseByItself(
      ctx,
      lease.editionId,
      `${lane} does not accept our sender authentication: ${lastAnswer}`,
    );
  }
  const blamed = settlement.class === 'content' || settlement.class === 'reputation';
  if (blamed && lanes.tooMany('content', lane)) {
    await pauseByItself(ctx, lease.editionId, `${lane} refuses every mail as unwanted: ${lastAnswer}`);
  }
  if (!trouble || (trouble.kind === 'network' && !lanes.tooMany('network', lane))) return;
  await rest(ctx, lane, trouble, lastAnswer);
}

async function rest(ctx: Context, lane: string, trouble: Trouble, lastAnswer: string): Promise<void> {
  const until = await writeTrouble(ctx.db, lane, trouble, { lastAnswer, now: ctx.clock.now() });
  if (!until) return;
  ctx.log[trouble.kind === 'reputation' ? 'error' : 'warn'](
    { deed: 'rest-lane', lane, trouble: trouble.kind, until: until.toISOString(), lastAnswer },
    'a lane rests',
  );
}
