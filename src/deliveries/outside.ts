import { deliveryId, publicId } from '../lib/ids.ts';
import type { Keyring } from '../lib/signed-token.ts';
import { messageId } from '../platform/mail/message-id.ts';
import type { LaneBooks } from './counts.ts';
import type { Counts } from './delivery.ts';
import type { Delivery } from './list-deliveries.ts';
import type { FailureGroup } from './list-failures.ts';
import type { Progress } from './progress.ts';
import { reasonWords } from './reasons.ts';

/** A send as the API and `--json` show it. */
export interface OutsideSend {
  id: string;
  edition: string;
  newsletter: string;
  /** The edition's state: a send has none of its own. */
  state: string;
  counts: Counts;
  in_flight: number;
  /** Whether everyone it goes to has been planned. */
  complete: boolean;
  /** Answers per second: over ten seconds, and on average. */
  rate: { now: number; average: number };
  /** What the relays take of the rest per second, on average; null = all at once, or nothing is left. */
  limit_per_second: number | null;
  eta: { low: string; high: string } | null;
  /** Why it is paused, in words. */
  reason: string | null;
  expected: number | null;
  requested_by: string;
  requested_at: string;
  hold_until: string | null;
  started_at: string | null;
  finished_at: string | null;
  verified_at: string | null;
  elapsed_seconds: number;
  /** Worker processes that live. */
  workers: number;
  /** Since when the batch that waits longest is due. */
  oldest_queued_at: string | null;
  /** The books by lane, adding up to `counts`; the last row may be `other lanes`. */
  lanes: OutsideLane[];
}

/** One lane of a send as the API and `--json` show it. */
export interface OutsideLane {
  lane: string;
  lanes: number;
  counts: Counts;
  rate: { now: number };
  /** Limits that hold for the lane over all workers. */
  limit_per_second: number | null;
  connections: number | null;
  state: string;
  back_off_until: string | null;
  reason: string | null;
  /** Addresses masked. */
  last_answer: string | null;
}

/** The name of the row that adds up all lanes not shown by their own. */
export const otherLanes = 'other lanes';

export function outsideSend({ send, counts, inFlight, ...seen }: Progress): OutsideSend {
  const iso = (at: Date | undefined) => at?.toISOString() ?? null;
  return {
    id: publicId('send', send.editionId),
    edition: publicId('edition', send.editionId),
    newsletter: publicId('newsletter', send.newsletterId),
    state: send.state,
    counts,
    in_flight: inFlight,
    complete: send.fannedOutAt !== undefined,
    rate: { now: rounded(seen.ratePerSecond), average: rounded(seen.averagePerSecond) },
    limit_per_second: seen.limitPerSecond === undefined ? null : rounded(seen.limitPerSecond),
    eta: seen.eta ? { low: seen.eta.low.toISOString(), high: seen.eta.high.toISOString() } : null,
    reason: send.pauseReason ?? null,
    expected: send.expected ?? null,
    requested_by: send.requestedBy,
    requested_at: send.requestedAt.toISOString(),
    hold_until: iso(send.holdUntil),
    started_at: iso(send.startedAt),
    finished_at: iso(send.finishedAt),
    verified_at: iso(send.verifiedAt),
    elapsed_seconds: Math.round(seen.elapsedSeconds),
    workers: seen.workers,
    oldest_queued_at: iso(seen.oldestQueuedAt),
    lanes: seen.lanes.map(outsideLaneBooks),
  };
}

export function outsideLaneBooks(lane: LaneBooks): OutsideLane {
  return {
    lane: lane.lane ?? otherLanes,
    lanes: lane.lanes,
    counts: lane.counts,
    rate: { now: rounded(lane.ratePerSecond) },
    limit_per_second: lane.limitPerSecond ?? null,
    connections: lane.connections ?? null,
    state: lane.state,
    back_off_until: lane.backOffUntil?.toISOString() ?? null,
    reason: lane.reason ?? null,
    last_answer: lane.lastAnswer ?? null,
  };
}

export interface OutsideDelivery {
  id: string;
  edition: string;
  subscriber: string;
  state: string;
  class: string | null;
  /** The class in words. */
  reason: string | null;
  smtp_code: number | null;
  smtp_status: string | null;
  smtp_text: string | null;
  attempts: number;
  due_at: string;
  settled_at: string | null;
  message_id: string;
}

export function outsideDelivery(delivery: Delivery, keyring: Keyring): OutsideDelivery {
  const { editionId, subscriberId, fromEmail } = delivery;
  return {
    id: deliveryId(editionId, subscriberId),
    edition: publicId('edition', editionId),
    subscriber: publicId('subscriber', subscriberId),
    state: delivery.state,
    class: delivery.class ?? null,
    reason: reasonWords(delivery.class ?? null) || null,
    smtp_code: delivery.smtpCode ?? null,
    smtp_status: delivery.status ?? null,
    smtp_text: delivery.textMasked ?? null,
    attempts: delivery.attempts,
    due_at: delivery.dueAt.toISOString(),
    settled_at: delivery.settledAt?.toISOString() ?? null,
    message_id: messageId({
      editionId,
      subscriberId,
      domain: fromEmail.slice(fromEmail.lastIndexOf('@') + 1),
      keyring,
    }),
  };
}

export function outsideFailures(groups: readonly FailureGroup[]) {
  return groups.map((group) => ({ ...group, sample: group.sample ?? null }));
}

function rounded(rate: number): number {
  return rate < 1 ? Number(rate.toPrecision(2)) : Math.round(rate * 10) / 10;
}
