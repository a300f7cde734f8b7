import type { Queues } from './queue.ts';
import type { QueueAway } from './queue-away.ts';

/** Queues in place of those whose store is away: whatever is asked of them fails at once, with the reason. */
export function silentQueues(away: QueueAway): Queues {
  const fail = () => Promise.reject(away);
  return {
    ring: fail,
    ringAll: fail,
    work: () => {
      throw away;
    },
    schedule: fail,
    ping: fail,
    depths: fail,
    close: async () => {},
  };
}
