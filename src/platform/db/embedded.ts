import { setTimeout as sleep } from 'node:timers/promises';
import { chooseAccount } from './embedded-account.ts';
import { findBinaries, linkLibraries } from './embedded-binaries.ts';
import { tryLock } from './embedded-lock.ts';
import { makePlaces, type Places } from './embedded-places.ts';
import { clearStale, type EmbeddedConfig, findRunning } from './embedded-running.ts';
import { initialise, startServer } from './embedded-server.ts';

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
  /** Whether this process started the server; the owner's end is the server's end. */
  owner: boolean;
  /** Stops the server if we own it, cutting open connections; a guest leaves it alone. Safe to call twice. */
  close(): Promise<void>;
}

const lookEveryMs = 50;

/**
 * Opens the built-in Postgres of a folder: adopts the server that runs there, or makes the cluster if need be and
 * starts one. However many processes call this at once, one server runs; it stops when its owner closes it or dies,
 * even by SIGKILL. Works as root and as an ordinary user and needs no install scripts. Throws a sentence that says
 * what to do, with the last lines of Postgres where it spoke.
 */
export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { dataDir, readyTimeoutMs = 30_000, settings = {} } = options;
  const places = await makePlaces(dataDir);
  const deadline = performance.now() + readyTimeoutMs;
  let why = 'another process is starting it';
  while (performance.now() < deadline) {
    const running = await findRunning(places);
    if (running.kind === 'ready') return { config: running.config, owner: false, close: async () => {} };
    const release = await tryLock(places.root);
    if (release) {
      try {
        const outcome = await startHere(places, settings, deadline);
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

/** With the lock held: looks again, since the lock may come from one who has just started it. */
async function startHere(
  places: Places,
  settings: Record<string, string>,
  deadline: number,
): Promise<Outcome> {
  const before = await findRunning(places);
  if (before.kind === 'ready') {
    return { kind: 'open', postgres: { config: before.config, owner: false, close: async () => {} } };
  }
  if (before.kind === 'busy') return { kind: 'wait', why: before.why };
  const leftMs = (): number => Math.max(1_000, Math.round(deadline - performance.now()));
  const binaries = findBinaries();
  const libraryPath = await linkLibraries(binaries, places.lib);
  const account = await chooseAccount(places, binaries, libraryPath);
  const ground = { places, binaries, libraryPath, account };
  await initialise(ground, leftMs());
  await clearStale(places);
  const started = await startServer(ground, settings, leftMs());
  if (started.kind === 'taken') return { kind: 'wait', why: started.why };
  const after = await findRunning(places);
  if (after.kind === 'ready') {
    return { kind: 'open', postgres: { config: after.config, owner: true, close: once(started.stop) } };
  }
  await started.stop();
  throw new Error(`the Postgres in ${places.root} started and does not answer on its socket`);
}

function once(deed: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= deed();
    return done;
  };
}
