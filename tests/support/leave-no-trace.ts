import { getPriority } from 'node:os';
import { afterAll, expect } from 'vitest';

// Files share a process: what one of them leaves changed, all that come after it would meet.

const env = { ...process.env };
const changed = () =>
  Object.keys({ ...env, ...process.env }).filter((name) => env[name] !== process.env[name]);
const state = () => ({ folder: process.cwd(), priority: getPriority(), changed: changed() });

const before = state();
afterAll(() => expect(state()).toEqual(before));
