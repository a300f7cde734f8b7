import type { Context } from '../context.ts';
import { fewAtOnce, throwAll } from '../lib/few-at-once.ts';
import { maskAddresses } from '../lib/mask.ts';
import type { Answer } from './answer.ts';
import { answerSignUp } from './answer-sign-up.ts';
import { answerStrangers } from './answer-strangers.ts';
import { ringLetters } from './ring-letters.ts';

/** Each holds a connection of the pool that deliveries share. */
const atOnce = 4;

/**
 * Answers the sign-ups that share a bell, the plain ones together and each other in a transaction of its own, and rings for
 * the letters that were planned. Safe to run twice.
 *
 * @throws what went wrong with some of them, after all others are answered and rung for.
 */
export async function answerSignUps(ctx: Context, { signUpIds }: { signUpIds: number[] }): Promise<void> {
  const plain = await plainOnes(ctx, signUpIds);
  const others = signUpIds.filter((id) => !plain.has(id));
  const { done, errors } = await fewAtOnce(others, atOnce, (signUpId) => answerSignUp(ctx, { signUpId }));
  await ringLetters(
    ctx,
    [...plain.values(), ...done].flatMap((answer) =>
      answer.kind === 'planned' ? { id: answer.letterId, kind: answer.outcome } : [],
    ),
  );
  throwAll(errors, 'sign-ups were not answered');
}

/** Whatever keeps them from being answered together, as a person who appears in this moment, is met one by one. */
async function plainOnes(ctx: Context, signUpIds: readonly number[]): Promise<Map<number, Answer>> {
  try {
    return await answerStrangers(ctx, signUpIds);
  } catch (error) {
    const reason = maskAddresses(String(error));
    ctx.log.warn({ deed: 'answer-strangers', reason }, 'sign-ups are answered one by one');
    return new Map();
  }
}
