import type { Parcel } from './smtp-command.ts';

/**
 * A connection to a relay that carries messages, each with exactly one outcome. Its holder sets the three callbacks in the
 * turn in which it gets the connection.
 */
export interface MailConnection {
  /** Offers the next message; called when one can be begun. */
  take: () => Parcel | undefined;
  /** Nothing is under way and `take` had nothing. */
  onIdle: () => void;
  /** Called once; every message of this connection is settled by then. */
  onClosed: (reason: string) => void;
  /** The connection is gone; the server may close it silently between messages, which is no error. */
  readonly closed: boolean;
  /** The server did not keep up with our commands; with fewer at once it may. */
  readonly confused: boolean;
  /** Begins the next message if the connection has room for it. False: none was begun. */
  wake(): boolean;
  /** Finishes what it was given, says QUIT and closes; safe to call twice. */
  quit(): Promise<void>;
  /** Drops the connection; whatever was under way is lost, and says whether the server may hold it. */
  cut(reason: string): void;
}
