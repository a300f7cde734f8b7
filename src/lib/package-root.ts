import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of our package.json: the nearest one above, since a file lies one level deeper in `dist` than in `src`. */
export function packageRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(`${at}/package.json`)) {
    const above = dirname(at);
    if (above === at) throw new Error(`no package.json above ${import.meta.url}`);
    at = above;
  }
  return at;
}
