import { createHash } from 'node:crypto';

/** Minutes until the next try, by how many tries were used up; then every four hours (settled with the deadline). */
const delayMinutes = [5, 10, 20, 40, 80, 160];
const laterMinutes = 240;
const jitterShare = 0.2;

/**
 * When a deferred delivery is tried again: 5, 10, 20, 40, 80, 160 minutes, then every 4 hours, each ±20 %. The jitter
 * is drawn from the delivery itself, so a statement that is run again writes the same instant.
 */
export function nextTryAt(
  delivery: { editionId: number; subscriberId: number; claim: number },
  attemptsUsed: number,
  now: Date,
): Date {
  const minutes = delayMinutes[attemptsUsed] ?? laterMinutes;
  const digest = createHash('sha256')
    .update(`${delivery.editionId} ${delivery.subscriberId} ${delivery.claim}`)
    .digest();
  const share = digest.readUInt32BE(0) / 0xffff_ffff;
  const jittered = minutes * (1 - jitterShare + 2 * jitterShare * share);
  return new Date(now.getTime() + Math.round(jittered * 60_000));
}
