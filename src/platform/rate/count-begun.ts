import type { Relay } from '../mail/relay.ts';
import { overdraw } from './overdraw.ts';
import type { Ledger } from './pace-relays.ts';
import { isPaced, relayScopes } from './relay-scopes.ts';

/**
 * Counts messages that do not wait for a rate, as letters do, so that the others get what is left. What begins while the
 * ledger is being written is written together afterwards.
 */
export function countBegun({ db, now, overall, onTrouble }: Ledger): (relay: Relay) => void {
  const begun = new Map<Relay, number>();
  const write = async (relay: Relay) => {
    for (let count = begun.get(relay) ?? 0; count > 0; count = begun.get(relay) ?? 0) {
      begun.set(relay, 0);
      const at = now();
      for (const { scope, rates } of relayScopes(relay, overall, at))
        await overdraw(db, scope, rates, count, at);
    }
    begun.delete(relay);
  };
  return (relay) => {
    if (!isPaced(relay, overall)) return;
    const open = begun.get(relay);
    begun.set(relay, (open ?? 0) + 1);
    if (open !== undefined) return;
    write(relay).catch((error: Error) => {
      begun.delete(relay);
      onTrouble(error);
    });
  };
}
