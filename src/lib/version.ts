import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program's version, from its package.json. */
export const version = readVersion();

/** The package root is one level deeper in `dist` than in `src`. */
function readVersion(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json'))) at = dirname(at);
  const { version } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { version: string };
  return version;
}
