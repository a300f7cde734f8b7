import type { BulkOptions } from './bulk-options.ts';
import { Pool } from './pool.ts';
import type { Relay } from './relay.ts';
import type { MessageBytes } from './slab.ts';
import { assertEhloName } from './smtp-handshake.ts';
import type { Envelope, Outcome } from './smtp-outcome.ts';

/** A pool of SMTP connections, opened when there is work. */
export type Bulk = {
  /**
   * Sends one message. `compose` runs when a connection is about to take it. Resolves exactly once; while no relay
   * can be reached, at once, as `lost` before the message. Rejects what `compose` throws, and an envelope that no
   * command can carry; and with `NoTurn`, where relays have rates, what was not reserved or whose relay went away.
   */
  deliver(envelope: Envelope, compose: () => MessageBytes): Promise<Outcome>;
  /**
   * Reserves turns for so many messages, or as many as the relays’ rates leave now. Each is used by one `deliver`, or given
   * back. Without rates it is all of them, at once.
   */
  reserve(wanted: number): Promise<number>;
  giveBack(turns: number): void;
  /** In how many milliseconds it pays to reserve again; 0 = now. */
  nextTurnInMs(): number;
  /** Messages whose outcome is open, waiting ones included. */
  inFlight(): number;
  /** Connections that are open. */
  connections(): number;
  /** Waits until nothing is in flight. False: the time was up first. */
  drain(timeoutMs: number): Promise<boolean>;
  /** Takes no more, lets what is on the wire finish (at most 10 s), says QUIT. Waiting messages come back as lost. */
  close(): Promise<void>;
  /** Destroys every connection now; what is under way is lost, and says whether its final dot had left. */
  cut(): void;
};

export function openBulk(relays: readonly Relay[], options: BulkOptions): Bulk {
  if (relays.length === 0) throw new Error('no relay to hand mail to');
  assertEhloName(options.ehloName);
  return new Pool(relays, options);
}
