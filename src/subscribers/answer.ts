import type { LetterKind } from './letter-kinds.ts';

/** What became of a sign-up. Only the ledger and the log know: the public answer was the same for all. */
export type Answer =
  | { kind: 'planned'; outcome: LetterKind; letterId: number }
  | { kind: 'put_off'; until: Date }
  | { kind: 'silent'; outcome: string }
  | { kind: 'nothing' };

const signUpKeptMs = 14 * 24 * 60 * 60_000;

/** Without a confirmation nothing of a sign-up is kept longer than 14 days after its last letter. */
export function keptUntil(now: Date): Date {
  return new Date(now.getTime() + signUpKeptMs);
}
