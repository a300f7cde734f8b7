import type { StandingSuppression } from './mail-state.ts';

const hardRestsMs = 30 * 24 * 60 * 60_000;

/** How far the suppressions of an address let a form make us write to it. */
export type MailBarrier = 'open' | 'soft' | 'hard' | 'closed';

/**
 * What the suppressions of an address allow a form. Complaint, never and manual: nothing, ever (`closed`). Hard: one
 * confirmation per 30 days once the bounce is as old, unless the server said that there is no such user. Soft: the reader
 * who asks again is asked back. Newsletters suppressed by themselves are not looked at here. Pure.
 */
export function mailBarrier(standing: readonly StandingSuppression[], now: Date): MailBarrier {
  const everywhere = standing.filter((one) => one.newsletterId === undefined);
  if (everywhere.length === 0) return 'open';
  if (everywhere.every((one) => one.reason === 'soft')) return 'soft';
  return everywhere.every((one) => one.reason === 'soft' || rested(one, now)) ? 'hard' : 'closed';
}

/**
 * The same for readers who ask on their own page, which only a mail to them opens: a bounce of any kind is tried again at once.
 * Every other reason stays closed. Pure.
 */
export function retryBarrier(standing: readonly StandingSuppression[]): 'open' | 'soft' | 'closed' {
  const everywhere = standing.filter((one) => one.newsletterId === undefined);
  if (everywhere.length === 0) return 'open';
  return everywhere.every((one) => one.reason === 'soft' || one.reason === 'hard') ? 'soft' : 'closed';
}

/** What holds for a sign-up: how it was asked decides. */
export function barrierOf(
  asks: 'subscribe' | 'manage' | 'retry',
  standing: readonly StandingSuppression[],
  now: Date,
): MailBarrier {
  return asks === 'retry' ? retryBarrier(standing) : mailBarrier(standing, now);
}

function rested(one: StandingSuppression, now: Date): boolean {
  if (one.reason !== 'hard' || saysNoSuchUser(one.evidence)) return false;
  return now.getTime() - one.at.getTime() > hardRestsMs;
}

/** Evidence begins with a reply's class and status. A dead address whose status is about its host may live again. */
function saysNoSuchUser(evidence: string | undefined): boolean {
  return /^dead\b/.test(evidence ?? '') && !/\b5\.(?:1\.2|4\.4)\b/.test(evidence ?? '');
}
