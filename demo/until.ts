import { setTimeout as sleep } from 'node:timers/promises';

const everyMs = 60;
const timeoutMs = 30_000;

/** Looks again and again until there is something to see. @throws Error naming what did not come within 30 s. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const seen = await look();
    if (seen !== undefined) return seen;
    // Holds no process that has been told to end.
    await sleep(everyMs, undefined, { ref: false });
  }
  throw new Error(`${what} did not come within ${timeoutMs / 1000} s`);
}
