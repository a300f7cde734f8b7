import type { Context } from '../context.ts';
import { parseEmailAddress } from '../lib/email-address.ts';
import { unreachable } from '../platform/http/world-errors.ts';
import { admitNetwork } from './admit-network.ts';
import { queueAnswers } from './queue-answers.ts';
import { ringAnswer } from './ring-answer.ts';
import { insertSignUp } from './sign-up-queries.ts';

export type AskedForLink =
  | { kind: 'asked' | 'invalid_email' | 'unavailable' }
  | { kind: 'too_many'; retryAfterSeconds: number };

/**
 * Someone asks for the link to their own page. The same row and the same answer for every address; the job writes only to
 * people it knows.
 */
export async function askForLink(
  ctx: Context,
  asked: { email: string; lang: string; clientAddress: string },
): Promise<AskedForLink> {
  const address = parseEmailAddress(asked.email);
  if (!address) return { kind: 'invalid_email' };
  try {
    if (!(await queueAnswers(ctx))) return { kind: 'unavailable' };
    const admission = await admitNetwork(ctx, { clientAddress: asked.clientAddress, token: undefined });
    if (admission.kind === 'too_many') return admission;
    const signUpId = await insertSignUp(ctx.db, {
      asks: 'manage',
      email: address.email,
      emailKey: address.key,
      newsletterIds: [],
      marketing: false,
      wordingIds: [],
      lang: asked.lang,
      form: 'manage-page',
      pageUrl: undefined,
      ipNet: undefined,
      agentFamily: undefined,
      signal: undefined,
      at: ctx.clock.now(),
    });
    await ringAnswer(ctx, signUpId);
    ctx.log.info({ deed: 'ask-for-link', signUpId }, 'asked for the link');
    return { kind: 'asked' };
  } catch (error) {
    if (!unreachable(error)) throw error;
    ctx.log.error({ deed: 'ask-for-link', reason: String(error) }, 'the database or the queue is away');
    return { kind: 'unavailable' };
  }
}
