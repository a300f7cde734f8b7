import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Places } from './embedded-places.ts';

/** A process's share in the built-in server, which runs as long as any process holds one. */
export interface Seat {
  /** What the server's watchdog reads from: it ends when the last seat is given up. The caller closes it. */
  openEnd(): number;
  /** Gives the seat up. The kernel does it when the process dies, by SIGKILL too. Safe to call twice. */
  release(): void;
}

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** Takes a seat: a pipe with a name, open for writing, on which nobody ever writes. */
export async function takeSeat({ seats }: Places): Promise<Seat> {
  const seat = openSeat(seats) ?? (await makeSeats(seats));
  let held = true;
  return {
    openEnd: () => openSync(seats, O_RDONLY),
    release: () => {
      if (held) closeSync(seat);
      held = false;
    },
  };
}

/** Whether any process holds a seat: an empty pipe without a writer reads as ended, with one as not ready. */
export function seatsTaken({ seats }: Places): boolean {
  const end = openOrMissing(seats, O_RDONLY | O_NONBLOCK);
  if (end === undefined) return false;
  try {
    return readSync(end, Buffer.alloc(1)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true;
    throw new Error(`cannot see who uses the Postgres of ${seats}`, { cause: error });
  } finally {
    closeSync(end);
  }
}

/** Read and write, so that opening waits for nobody. */
function openSeat(seats: string): number | undefined {
  return openOrMissing(seats, O_RDWR | O_NONBLOCK);
}

function openOrMissing(seats: string, flags: number): number | undefined {
  try {
    return openSync(seats, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`cannot share the Postgres of ${seats}: start as the user that the folder belongs to`, {
      cause: error,
    });
  }
}

async function makeSeats(seats: string): Promise<number> {
  await promisify(execFile)('mkfifo', ['-m', '600', seats], { timeout: 5_000 });
  const seat = openSeat(seats);
  if (seat === undefined) throw new Error(`${seats} was made and is not there`);
  return seat;
}
