import type { LetterClass } from '../platform/mail/letter-verdict.ts';

/** What went wrong with one message to one person: an SMTP reply's class, or the reader's own report. */
export type BounceClass = LetterClass | 'complaint';

/**
 * What a bounce means for the person. `suppress`: the address is dead. `suppress-second`: only when it happens again after
 * seven days. `soft`: counted by edition. `complaint`: they reported us. `none`: it was about us, not about them.
 */
export type BounceMeaning = 'suppress' | 'suppress-second' | 'soft' | 'complaint' | 'none';

const meanings: Record<BounceClass, BounceMeaning> = {
  dead: 'suppress',
  disabled: 'suppress-second',
  full: 'soft',
  unknown: 'soft',
  complaint: 'complaint',
  accepted: 'none',
  greylist: 'none',
  rate: 'none',
  'recipient-rate': 'none',
  auth: 'none',
  reputation: 'none',
  content: 'none',
  protocol: 'none',
  policy: 'none',
  expired: 'none',
  network: 'none',
  'in-doubt': 'none',
};

/** The policy, in one table. Policy, reputation, content and our own faults never count against a reader. */
export function meaningOf(bounceClass: BounceClass): BounceMeaning {
  return meanings[bounceClass];
}

const dayMs = 24 * 60 * 60_000;

/** A disabled mailbox is dead when it is still disabled so much later. */
export const disabledAgainAfterMs = 7 * dayMs;
/** Soft bounces stop the mail when so many editions failed over so long, with none accepted between. */
export const softEditionsMin = 3;
export const softSpanMinMs = 14 * dayMs;

/** Whether the soft bounces counted since the last acceptance, of different editions and days, are enough to stop. */
export function softEnough(counted: readonly { editionId: number; at: Date }[]): boolean {
  const editions = new Set(counted.map((bounce) => bounce.editionId));
  if (editions.size < softEditionsMin) return false;
  const times = counted.map((bounce) => bounce.at.getTime());
  return Math.max(...times) - Math.min(...times) >= softSpanMinMs;
}

/** The mass-failure guard: more than a tenth of at least fifty, at one provider within ten minutes, is its fault or ours. */
export const guardWindowMs = 10 * 60_000;
const guardAttemptsMin = 50;

export function looksLikeMassFailure(seen: { attempts: number; dead: number }): boolean {
  return seen.attempts >= guardAttemptsMin && seen.dead * 10 > seen.attempts;
}
