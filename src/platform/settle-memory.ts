import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8 looks back five seconds; by then those in which the program was loaded are over. */
const settledAfterMs = 10_000;

/**
 * Collects garbage once, when the program has been at work for a while. At each full collection V8 sets how far old objects may
 * pile up before the next, by how fast they piled up in the seconds before. A worker's first collections fall into its loading, when
 * all that is made stays, and leave it a limit that it reaches after hundreds of thousands of mails; this one sets it by what mails
 * leave behind (Node 20, 400,000 mails by two workers: 196 MB and rising without it, 150 MB and level with it). It stops the process
 * for 40 to 60 ms, once.
 *
 * @returns calls it off.
 */
export function settleMemory(afterMs = settledAfterMs): () => void {
  const timer = setTimeout(collect, afterMs).unref();
  return () => clearTimeout(timer);
}

function collect(): void {
  // `--expose-gc`, without asking that everybody starts the program with a flag.
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
}
