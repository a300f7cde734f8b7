import type { JobName } from '../platform/queue/jobs.ts';

/** Every kind of letter and the job that sends it; each takes the ids of some. */
export const letterJobs = {
  confirmation: 'send-confirmation',
  reminder: 'send-confirmation',
  'already-subscribed': 'send-notice',
  paused: 'send-notice',
  'everyday-link': 'send-notice',
  erased: 'send-notice',
  'account-link': 'send-notice',
  'change-email': 'send-notice',
  'change-notice': 'send-notice',
  'data-ready': 'send-notice',
  welcome: 'send-welcome',
} as const satisfies Record<string, JobName>;

export type LetterKind = keyof typeof letterJobs;

/** Letters with a link that confirms: the limits of an address count them together. */
export const confirmingKinds = ['confirmation', 'reminder'] as const satisfies readonly LetterKind[];

/** Letters about a reader's account: each carries one link that is minted as it is written. */
export const accountLetterKinds = ['account-link', 'change-email', 'change-notice', 'data-ready'] as const;
export type AccountLetterKind = (typeof accountLetterKinds)[number];

/** The other letters that `send-notice` writes. */
export type NoticeKind = Exclude<
  { [K in LetterKind]: (typeof letterJobs)[K] extends 'send-notice' ? K : never }[LetterKind],
  AccountLetterKind
>;

export function isAccountLetterKind(kind: string): kind is AccountLetterKind {
  return accountLetterKinds.some((one) => one === kind);
}

export function isLetterKind(kind: string): kind is LetterKind {
  return Object.hasOwn(letterJobs, kind);
}
