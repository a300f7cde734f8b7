import { setTimeout as pause } from 'node:timers/promises';

/** Waits until a condition holds. @throws Error after `timeoutMs` that says what did not come true. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs, everyMs = 20, what }: { timeoutMs: number; everyMs?: number; what: string },
): Promise<NonNullable<T>> {
  const late = performance.now() + timeoutMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > late) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await pause(everyMs);
  }
}
