import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { unreachable } from '../platform/http/world-errors.ts';
import { admitNetwork } from './admit-network.ts';
import { findConfirmation } from './confirmation.ts';
import { selectSubscriber } from './queries.ts';
import { queueAnswers } from './queue-answers.ts';
import { ringAnswer } from './ring-answer.ts';
import type { Sent } from './sent-token.ts';
import { insertSignUp, selectSignUp } from './sign-up-queries.ts';

export type AskedAgain =
  | { kind: 'asked' | 'gone' | 'unavailable' }
  | { kind: 'too_many'; retryAfterSeconds: number };

/**
 * Asks for the confirmation once more, as the same form did before: from the page after the sign-up, or from a link that
 * ended. The limits are the address's, and silent: `asked` says nothing of whether a letter will leave.
 */
export async function askAgain(
  ctx: Context,
  from: { sent: Sent } | { token: string },
  clientAddress: string,
): Promise<AskedAgain> {
  try {
    const before = 'sent' in from ? from.sent : await ofEndedLink(ctx, from.token);
    const signUp = before && (await selectSignUp(ctx.db, before.signUpId));
    const address = before && parseEmailAddress(before.email);
    if (!signUp || !address) return { kind: 'gone' };
    if (!(await queueAnswers(ctx))) return { kind: 'unavailable' };
    const admission = await admitNetwork(ctx, { clientAddress, token: undefined });
    if (admission.kind === 'too_many') return admission;
    const signUpId = await insertSignUp(ctx.db, {
      asks: 'subscribe',
      email: signUp.signal === undefined ? address.email : undefined,
      emailKey: signUp.signal === undefined ? address.key : undefined,
      newsletterIds: signUp.newsletterIds,
      marketing: signUp.marketing,
      wordingIds: signUp.wordingIds,
      topics: signUp.topics,
      lang: signUp.lang,
      form: signUp.form,
      pageUrl: signUp.pageUrl,
      ipNet: signUp.ipNet,
      agentFamily: signUp.agentFamily,
      signal: signUp.signal,
      at: ctx.clock.now(),
    });
    await ringAnswer(ctx, signUpId);
    ctx.log.info({ deed: 'ask-again', signUpId }, 'asked again');
    return { kind: 'asked' };
  } catch (error) {
    if (!unreachable(error)) throw error;
    ctx.log.error({ deed: 'ask-again', reason: String(error) }, 'the database or the queue is away');
    return { kind: 'unavailable' };
  }
}

/** Only a link that is ours, was not used, and has ended or waits still. */
async function ofEndedLink(
  ctx: Context,
  token: string,
): Promise<{ email: string; signUpId: number } | undefined> {
  const found = await findConfirmation(ctx.db, token, ctx.clock.now());
  if (found.kind !== 'expired' && found.kind !== 'open') return undefined;
  const person = await selectSubscriber(ctx.db, { id: found.subscriberId });
  return person?.email === undefined ? undefined : { email: person.email, signUpId: found.signUp.id };
}
