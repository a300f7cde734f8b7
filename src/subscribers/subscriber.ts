/** A person who may be written to: one mailbox. */
export interface Subscriber {
  id: number;
  /** Where mail goes, as typed; `undefined` once erased. */
  email: string | undefined;
  /** The mailbox's identity; `undefined` once erased. */
  emailKey: string | undefined;
  language: string;
  timeZone: string | undefined;
  /** A projection of the standing suppressions: written by `suppress` and `release` alone. */
  mailState: 'ok' | 'undeliverable' | 'suppressed';
  /** Since when marketing consent stands. */
  marketingSince: Date | undefined;
  tags: string[];
  source: string | undefined;
  createdAt: Date;
  erasedAt: Date | undefined;
  /** Who stands for them since both became one reader; then they have no address. */
  mergedInto: number | undefined;
}

/** How often, when and about what a reader wants to be written to. */
export interface Rhythm {
  frequency: 'each' | 'weekdays' | 'weekly';
  /** The day of a weekly reader; 1 is Monday. */
  weeklyDay?: number | undefined;
  /** 5 to 22 on the reader's own clock; `undefined`: as soon as an edition is ready. */
  hour?: number | undefined;
  /** Section keys; `undefined`: all. */
  topics?: readonly string[] | undefined;
}

/** One person and one newsletter. */
export interface Subscription extends Rhythm {
  id: number;
  subscriberId: number;
  newsletterId: number;
  state: SubscriptionState;
  pausedUntil: Date | undefined;
  confirmedAt: Date | undefined;
  unsubscribedAt: Date | undefined;
  source: string | undefined;
  createdAt: Date;
}

export type SubscriptionState = 'pending' | 'active' | 'unsubscribed';

export type ShownState = SubscriptionState | 'paused';

/** The state as people see it: a pause is an active subscription that waits, and it ends by itself. */
export function shownState(subscription: Pick<Subscription, 'state' | 'pausedUntil'>, now: Date): ShownState {
  const { state, pausedUntil } = subscription;
  return state === 'active' && pausedUntil !== undefined && pausedUntil > now ? 'paused' : state;
}
