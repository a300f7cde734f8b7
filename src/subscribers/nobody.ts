/** What the row of a person holds who is gone: erased, or merged into another. `erased_at` goes with it. */
export const nobody = {
  email: null,
  email_key: null,
  language: 'und',
  time_zone: null,
  marketing_since: null,
  tags: [] as string[],
  source: null,
  mail_state: 'ok',
} as const;
