import type { DeliveryState } from '../platform/db/tables.ts';

/** The seven published counts. A delivery being handed over at this moment (`sending`) is still among the queued. */
export const countedStates = [
  'accepted',
  'deferred',
  'refused',
  'skipped',
  'unknown',
  'cancelled',
  'queued',
] as const satisfies readonly DeliveryState[];

export type CountedState = (typeof countedStates)[number];

/** The books of one send. `planned` is always the sum of the seven: it is changed with them, never computed from them. */
export type Counts = { planned: number } & Record<CountedState, number>;

/** Deliveries per batch at most; the schema holds it too. */
export const batchSizeMax = 500;

/** Edition states in which deliveries may start. In `sent` there are none left, but for those an operator retries. */
export const deliveringStates = ['sending', 'sent'] as const;

/** The class of a delivery that was claimed, never begun, and could not go back under its lease: it is deferred. */
export const notBegun = 'not-begun';

/** Whether the books close. */
export function addsUp(counts: Counts): boolean {
  return counts.planned === countedStates.reduce((sum, state) => sum + counts[state], 0);
}

/** Whether anything is still to happen by itself. */
export function isOpen(counts: Counts): boolean {
  return counts.queued + counts.deferred > 0;
}

const clockSkewMs = 1_000;

/** What is due within a second counts as due: the clocks of two workers are never quite the same. */
export function soon(now: Date): Date {
  return new Date(now.getTime() + clockSkewMs);
}
