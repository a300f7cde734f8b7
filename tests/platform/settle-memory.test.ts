import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settleMemory } from '../../src/platform/settle-memory.ts';
import { until } from '../support/until.ts';

/** Full collections that were asked for; those that V8 makes of itself do not count. */
let asked = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind, flags } = (entry as unknown as { detail: { kind: number; flags: number } }).detail;
    const forced = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
    if (forced && kind === constants.NODE_PERFORMANCE_GC_MAJOR) asked += 1;
  }
});

describe('settling the memory', () => {
  beforeEach(() => {
    asked = 0;
    observer.observe({ entryTypes: ['gc'] });
  });
  afterEach(() => observer.disconnect());

  it('collects once when the time has come', async () => {
    settleMemory(10);
    await until(() => asked > 0);
    await pause(50);
    expect(asked).toBe(1);
  });

  it('is called off', async () => {
    settleMemory(10)();
    await pause(100);
    expect(asked).toBe(0);
  });
});
