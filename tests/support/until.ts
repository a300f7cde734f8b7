import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds, looking every 10 ms (longer with `everyMs`), and returns what made it so.
 * Throws after `timeoutMs` (30 s) saying what did not come true.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 30_000, everyMs = 10, what = condition.toString() } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(everyMs);
  }
}
