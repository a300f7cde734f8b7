import type { Relay } from '../platform/mail/relay.ts';
import { relaysFor } from '../platform/mail/relay.ts';

const secondsPer = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const;

/**
 * How many mails of an edition the relays together take per second in the long run, by the rates that `SMTP_URL` sets: of each
 * relay its tightest. `undefined`: one of them has no rate, or the trap takes them. Pure.
 */
export function relayRatePerSecond(relays: readonly Relay[]): number | undefined {
  const perRelay = relaysFor('bulk', relays).map(({ rates = [] }) =>
    Math.min(...rates.map(({ count, per }) => count / secondsPer[per])),
  );
  if (perRelay.length === 0 || perRelay.includes(Number.POSITIVE_INFINITY)) return undefined;
  return perRelay.reduce((sum, rate) => sum + rate, 0);
}
