import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package: one level higher for the built bench than for its source. */
export const root = findRoot();

/** The program as it is run in production. */
export const cli = join(root, 'dist/src/cli.js');

function findRoot(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json'))) at = dirname(at);
  return at;
}
