import type { JobName } from '../platform/queue/jobs.ts';

/** Every kind of letter and the job that sends it; each takes the letter's id. */
export const letterJobs = {
  confirmation: 'send-confirmation',
  'already-subscribed': 'send-notice',
  paused: 'send-notice',
  'everyday-link': 'send-notice',
  erased: 'send-notice',
  welcome: 'send-welcome',
} as const satisfies Record<string, JobName>;

export type LetterKind = keyof typeof letterJobs;

/** What `send-notice` writes. */
export type NoticeKind = {
  [K in LetterKind]: (typeof letterJobs)[K] extends 'send-notice' ? K : never;
}[LetterKind];

export function isLetterKind(kind: string): kind is LetterKind {
  return Object.hasOwn(letterJobs, kind);
}
