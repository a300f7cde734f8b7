const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export const confirmationGapMs = 10 * minuteMs;
const confirmationsPerDayMax = 3;
const confirmationsPerMonthMax = 10;
export const confirmationsCountedMs = 30 * dayMs;

export type ConfirmationLimit =
  | { kind: 'send' }
  | { kind: 'put_off'; until: Date }
  | { kind: 'drop'; reason: 'same' | 'day' | 'month' };

/**
 * Whether an address may get a confirmation now, over all newsletters and forms: the last one ten minutes ago or more, fewer
 * than three within 24 h, at most ten within 30 days. Within the ten minutes, a request that names something new waits for
 * their end and one that names the same is dropped. Pure.
 */
export function confirmationLimit(asked: {
  /** When confirmations were planned for this address within the last 30 days. */
  sentAt: readonly Date[];
  /** Whether the last one already covers what is asked for now. */
  covered: boolean;
  now: Date;
}): ConfirmationLimit {
  const now = asked.now.getTime();
  const times = asked.sentAt.map((at) => at.getTime()).filter((at) => now - at < confirmationsCountedMs);
  if (times.length >= confirmationsPerMonthMax) return { kind: 'drop', reason: 'month' };
  if (times.filter((at) => now - at < dayMs).length >= confirmationsPerDayMax) {
    return { kind: 'drop', reason: 'day' };
  }
  const last = Math.max(...times);
  if (times.length === 0 || now - last >= confirmationGapMs) return { kind: 'send' };
  if (asked.covered) return { kind: 'drop', reason: 'same' };
  return { kind: 'put_off', until: new Date(last + confirmationGapMs) };
}
