import { Deadline } from '../../lib/deadline.ts';
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
  /** It takes no more and is closed as soon as it rests. */
  leaving: boolean;
  /** It was idle at least once, so the server may have closed it meanwhile. */
  hasRested: boolean;
  /** Until when it may be idle. */
  rest: Deadline;
};

export function newLine(connection: MailConnection, door: RelayDoor): Line {
  return {
    connection,
    door,
    taken: 0,
    answered: 0,
    idle: false,
    leaving: false,
    hasRested: false,
    rest: new Deadline(() => void connection.quit()),
  };
}
