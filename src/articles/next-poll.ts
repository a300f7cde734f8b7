const minuteMs = 60_000;
/** No source is asked more often, whatever it says of itself. */
const floorMs = 5 * minuteMs;
const usualMs = 10 * minuteMs;
const ceilingMs = 24 * 60 * minuteMs;

/**
 * When to ask a source again. After a poll that worked: in ten minutes, or as late as the feed's own `ttl` asks. After one
 * that failed: 10, 20, 40 … minutes for each failure in a row, or as late as `Retry-After` asks. Never within 5 minutes,
 * never later than in a day. The same outcome always gives the same instant.
 */
export function nextPollAt(
  now: Date,
  outcome: { failures: number; ttlMinutes?: number | undefined; retryAfterMs?: number | undefined },
): Date {
  const { failures, ttlMinutes = 0, retryAfterMs = 0 } = outcome;
  const waitMs = failures === 0 ? usualMs : usualMs * 2 ** Math.min(failures - 1, 10);
  const askedMs = Math.max(waitMs, retryAfterMs, failures === 0 ? ttlMinutes * minuteMs : 0);
  return new Date(now.getTime() + Math.min(ceilingMs, Math.max(floorMs, askedMs)));
}

/** Where the claim of a poll puts the next one, in case the process dies in the middle. */
export function nextPollAfterClaim(now: Date): Date {
  return new Date(now.getTime() + floorMs);
}

/**
 * Reads `Retry-After` (RFC 9110 §10.2.3): seconds or a date.
 *
 * @returns milliseconds from now, or `undefined` when it says nothing that can be read.
 */
export function readRetryAfter(header: string | undefined, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
