import type { MailConnection } from './mail-connection.ts';
import type { RelayDoor } from './relay-door.ts';

/** An open connection of a pool, and what it has done so far. */
export type Line = {
  connection: MailConnection;
  door: RelayDoor;
  /** Messages begun. */
  taken: number;
  /** Messages that the server decided on. */
  answered: number;
  idle: boolean;
  /** It was idle at least once, so the server may have closed it meanwhile. */
  hasRested: boolean;
  idleTimer: NodeJS.Timeout | undefined;
};

export function newLine(connection: MailConnection, door: RelayDoor): Line {
  return { connection, door, taken: 0, answered: 0, idle: false, hasRested: false, idleTimer: undefined };
}
