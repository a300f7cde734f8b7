import { setTimeout as sleep } from 'node:timers/promises';
import { chooseAccount } from './embedded-account.ts';
import { findBinaries, linkLibraries } from './embedded-binaries.ts';
import { tryLock } from './embedded-lock.ts';
import { makePlaces, type Places } from './embedded-places.ts';
import { clearStale, type EmbeddedConfig, findRunning, isGone } from './embedded-running.ts';
import { type Seat, seatsTaken, takeSeat } from './embedded-seats.ts';
import { initialise, startServer, stopTimeoutMs } from './embedded-server.ts';

export interface EmbeddedOptions {
  /** The server lives in `<dataDir>/postgres`. */
  dataDir: string;
  /** Default 30 s, which includes making the cluster and recovering from a crash. */
  readyTimeoutMs?: number;
  /** Further server settings, such as `max_connections`; an adopted server keeps its own. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  config: EmbeddedConfig;
  /** Whether this process started the server. */
  owner: boolean;
  /** Leaves the server; the last to leave stops it and waits until it is gone. Safe to call twice. */
  close(): Promise<void>;
}

const lookEveryMs = 50;
const leaveLockMsMax = 2_000;

/**
 * Opens the built-in Postgres of a folder: adopts the server that runs there, or makes the cluster if need be and
 * starts one. However many processes call this at once, one server runs; it stops when the last of them has closed it
 * or died, even by SIGKILL. Works as root and as an ordinary user and needs no install scripts. Throws a sentence that
 * says what to do, with the last lines of Postgres where it spoke.
 */
export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { dataDir, readyTimeoutMs = 30_000, settings = {} } = options;
  const places = await makePlaces(dataDir);
  const deadline = performance.now() + readyTimeoutMs;
  let why = 'another process is starting it';
  while (performance.now() < deadline) {
    const release = await tryLock(places.root);
    if (release) {
      try {
        const outcome = await sitDown(places, settings, deadline);
        if (outcome.kind === 'open') return outcome.postgres;
        why = outcome.why;
      } finally {
        await release();
      }
    }
    await sleep(lookEveryMs);
  }
  throw new Error(`the Postgres in ${places.root} was not ready within ${readyTimeoutMs} ms: ${why}`);
}

type Outcome = { kind: 'open'; postgres: EmbeddedPostgres } | { kind: 'wait'; why: string };

/** With the lock held. The seat is taken before looking: the server that is found then cannot be left by all. */
async function sitDown(places: Places, settings: Record<string, string>, deadline: number): Promise<Outcome> {
  const seat = await takeSeat(places);
  try {
    const running = await findRunning(places);
    if (running.kind === 'ready') return opened(places, seat, { config: running.config });
    if (running.kind === 'none') {
      const started = await startHere(places, seat, { settings, deadline });
      if (started.kind === 'open') return opened(places, seat, started);
      seat.release();
      return started;
    }
    seat.release();
    return { kind: 'wait', why: running.why };
  } catch (error) {
    seat.release();
    throw error;
  }
}

async function startHere(
  places: Places,
  seat: Seat,
  { settings, deadline }: { settings: Record<string, string>; deadline: number },
): Promise<
  { kind: 'open'; config: EmbeddedConfig; ended: () => Promise<void> } | { kind: 'wait'; why: string }
> {
  const leftMs = (): number => Math.max(1_000, Math.round(deadline - performance.now()));
  const binaries = findBinaries();
  const libraryPath = await linkLibraries(binaries, places.lib);
  const account = await chooseAccount(places, binaries, libraryPath);
  const ground = { places, binaries, libraryPath, account };
  await initialise(ground, leftMs());
  await clearStale(places);
  const started = await startServer(ground, seat, { settings, readyTimeoutMs: leftMs() });
  if (started.kind === 'taken') return { kind: 'wait', why: started.why };
  const after = await findRunning(places);
  if (after.kind === 'ready') return { kind: 'open', config: after.config, ended: started.ended };
  seat.release();
  await started.ended();
  throw new Error(`the Postgres in ${places.root} started and does not answer on its socket`);
}

function opened(
  places: Places,
  seat: Seat,
  { config, ended }: { config: EmbeddedConfig; ended?: () => Promise<void> },
): Outcome {
  let left: Promise<void> | undefined;
  const close = () => {
    left ??= leave(places, seat, ended ?? (() => untilGone(places)));
    return left;
  };
  return { kind: 'open', postgres: { config, owner: ended !== undefined, close } };
}

/** Under the lock if it can be had, so that nobody comes in while the last one waits for the end. */
async function leave(places: Places, seat: Seat, ended: () => Promise<void>): Promise<void> {
  const deadline = performance.now() + leaveLockMsMax;
  let release = await tryLock(places.root);
  while (!release && performance.now() < deadline) {
    await sleep(lookEveryMs);
    release = await tryLock(places.root);
  }
  try {
    seat.release();
    if (!seatsTaken(places)) await ended();
  } finally {
    await release?.();
  }
}

async function untilGone(places: Places): Promise<void> {
  const deadline = performance.now() + stopTimeoutMs;
  while (!(await isGone(places)) && performance.now() < deadline) await sleep(lookEveryMs);
}
