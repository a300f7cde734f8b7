import { maskAddresses } from '../../lib/mask.ts';
import type { Outcome } from './smtp-outcome.ts';
import { classifyReply, type ReplyClass, replyText } from './smtp-reply.ts';

export type LetterClass = ReplyClass | 'in-doubt';

export interface SettledLetter {
  state: 'accepted' | 'deferred' | 'refused' | 'unknown';
  class: LetterClass;
  code: number | undefined;
  /** Enhanced status (RFC 3463). */
  status: string | undefined;
  textMasked: string;
  /** When a deferred letter is tried again. */
  dueAt: Date | undefined;
}

const minuteMs = 60_000;
/** After the n-th attempt the next comes so much later; after the last of these, every four hours. */
const backOffMinutes = [1, 2, 5, 10, 20, 40, 80, 160, 240];
export const letterDeadlineMs = 24 * 60 * minuteMs;
/** A letter whose answer was lost is sent again so often. */
export const doubtsMax = 1;

interface Tried {
  attempt: number;
  doubts: number;
  at: Date;
}

/** What an outcome means for a letter: accepted, refused, in doubt, or tried again later within 24 h. Pure. */
export function letterVerdict(letter: Tried, outcome: Outcome, now: Date): SettledLetter {
  if (outcome.kind === 'lost' && outcome.afterDot) return inDoubt(letter, outcome.reason, now);
  const reply = outcome.reply;
  const verdict = reply && classifyReply({ phase: outcome.phase, ...reply });
  const words = reply ? replyText(reply) : outcome.kind === 'lost' ? outcome.reason : '';
  const seen = {
    class: verdict?.class ?? ('network' as const),
    code: reply?.code,
    status: reply?.status,
    textMasked: maskAddresses(words),
    dueAt: undefined,
  };
  if (outcome.kind === 'reply' && verdict?.disposition === 'accepted') return { ...seen, state: 'accepted' };
  // A lost connection says nothing about the reader, whatever the handshake answered: the letter waits.
  if (outcome.kind === 'reply' && verdict?.disposition === 'refused') return { ...seen, state: 'refused' };
  const dueAt = nextAttemptAt(letter.attempt, now);
  if (dueAt.getTime() >= letter.at.getTime() + letterDeadlineMs) {
    return { ...seen, state: 'refused', class: 'expired' };
  }
  return { ...seen, state: 'deferred', dueAt };
}

function inDoubt(letter: Tried, reason: string, now: Date): SettledLetter {
  const seen = {
    class: 'in-doubt' as const,
    code: undefined,
    status: undefined,
    textMasked: maskAddresses(reason),
  };
  if (letter.doubts >= doubtsMax) return { ...seen, state: 'unknown', dueAt: undefined };
  return { ...seen, state: 'deferred', dueAt: now };
}

/** 1, 2, 5, 10 … minutes after the attempt of that number. */
export function nextAttemptAt(attempt: number, now: Date): Date {
  const minutes = backOffMinutes[Math.min(attempt, backOffMinutes.length) - 1] ?? 240;
  return new Date(now.getTime() + minutes * minuteMs);
}
