import type { Rate } from '../../lib/rate.ts';
import type { Relay } from '../mail/relay.ts';
import { warmUpRate } from './warm-up.ts';

/** An account that leave is drawn from, and what it allows. */
export interface Scope {
  scope: string;
  rates: readonly Rate[];
}

/** The accounts that a message by this relay is drawn from: that of all relays, and its own as it is that day. Pure. */
export function relayScopes(relay: Relay, overall: readonly Rate[], now: Date): Scope[] {
  const warmUp = relay.warmUp && warmUpRate(relay.warmUp, now);
  const own = [...(relay.rates ?? []), ...(warmUp ? [warmUp] : [])];
  const scopes = [
    { scope: 'all', rates: overall },
    { scope: `relay:${relay.name}`, rates: own },
  ];
  return scopes.filter(({ rates }) => rates.length > 0);
}

/** Whether messages by this relay are counted at all. */
export function isPaced(relay: Relay, overall: readonly Rate[]): boolean {
  return overall.length > 0 || relay.rates !== undefined || relay.warmUp !== undefined;
}
