import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settleMemory } from '../../src/platform/settle-memory.ts';
import { until } from '../support/until.ts';

let full = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) full += 1;
  }
});

/** V8 may collect of itself at any time, but not twice in a row, as it does when asked for all there is. */
const thorough = 2;

describe('settling the memory', () => {
  beforeEach(() => {
    full = 0;
    observer.observe({ entryTypes: ['gc'] });
  });
  afterEach(() => observer.disconnect());

  it('collects everything once the time has come, and lets the process go on', async () => {
    settleMemory(10);
    await until(() => full >= thorough);
    await pause(10);
  });

  it('is called off', async () => {
    settleMemory(10)();
    await pause(100);
    expect(full).toBeLessThan(thorough);
  });
});
