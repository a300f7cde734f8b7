import { type BulkOptions, openBulk } from './bulk.ts';
import type { Relay } from './relay.ts';
import { smtpData } from './smtp-data.ts';
import type { Envelope, Outcome } from './smtp-outcome.ts';
import { type VerifiedRelay, verifyRelay } from './verify-relay.ts';

/** How letters leave: on connections of their own, never behind an edition. */
export type LetterTransport = {
  /** Sends one built letter. Resolves exactly once; `afterDot` says whether it is in doubt. */
  send(letter: { envelope: Envelope; raw: Buffer }): Promise<Outcome>;
  /** Signs in to every relay and leaves again. */
  verify(): Promise<VerifiedRelay[]>;
  inFlight(): number;
  drain(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
  cut(): void;
};

const connectionsDefault = 2;

/**
 * Opens the way for letters. It is the editions' client on two connections, since only that one knows in which
 * phase a connection was lost; nodemailer composes what is sent.
 */
export function openLetterTransport(relays: readonly Relay[], options: BulkOptions): LetterTransport {
  const bulk = openBulk(relays, { connections: connectionsDefault, ...options });
  return {
    send: ({ envelope, raw }) => {
      const data = smtpData(raw);
      return bulk.deliver({ ...envelope, eightBit: /[\x80-\xff]/.test(data) }, () => data);
    },
    verify: () => Promise.all(relays.map((relay) => verifyRelay(relay, options))),
    inFlight: () => bulk.inFlight(),
    drain: (timeoutMs) => bulk.drain(timeoutMs),
    close: () => bulk.close(),
    cut: () => bulk.cut(),
  };
}
