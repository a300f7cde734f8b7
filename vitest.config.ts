import { defineConfig } from 'vitest/config';
import { keepFilesInMemory } from './tests/support/scratch.ts';

keepFilesInMemory();

export default defineConfig({
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    globalSetup: ['tests/support/one-server.ts'],
    setupFiles: ['tests/support/leave-no-trace.ts'],
    // They end what hangs; a machine four times slower than ours is no fault.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    maxWorkers: 3,
    // Nothing is mocked, and what a module remembers hangs on a context or a database of one test: files share modules.
    isolate: false,
  },
});
