import type { Context } from '../context.ts';
import { erasePending } from './erase-pending.ts';
import { lockSubscriber } from './queries.ts';
import { selectSignUp } from './sign-up-queries.ts';

/** `confirmed`: too late, they are a subscriber and may unsubscribe. */
export type Withdrawn = { kind: 'withdrawn' | 'confirmed' };

/**
 * "This wasn't me": whoever reads the mailbox takes the sign-up back, and every trace of the address that only this asking
 * left goes with it. Safe to run twice; what is gone already is `withdrawn`.
 */
export async function withdraw(ctx: Context, { signUpId }: { signUpId: number }): Promise<Withdrawn> {
  const now = ctx.clock.now();
  const outcome = await ctx.db.transaction().execute(async (tx): Promise<Withdrawn> => {
    const signUp = await selectSignUp(tx, signUpId);
    if (signUp?.state === 'confirmed') return { kind: 'confirmed' };
    if (signUp?.subscriberId === undefined) return { kind: 'withdrawn' };
    if (await lockSubscriber(tx, signUp.subscriberId)) {
      await erasePending(tx, { subscriberId: signUp.subscriberId, state: 'withdrawn', at: now });
    }
    return { kind: 'withdrawn' };
  });
  ctx.log.info({ deed: 'withdraw', signUpId, outcome: outcome.kind }, 'withdrawn');
  return outcome;
}
