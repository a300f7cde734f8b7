import { execFile } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from './cluster.ts';

const run = promisify(execFile);
const sizeMb = 256;

/** Gives a folder a small disk of its own, in memory. @returns how to take it away; undefined where we may not mount. */
export async function mountSmallDisk(dataDir: string): Promise<(() => Promise<void>) | undefined> {
  const at = join(dataDir, 'postgres');
  await mkdir(at, { recursive: true });
  const options = `size=${sizeMb}m,mode=0700`;
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', options, 'dateline-faults', at]).catch(
    () => undefined,
  );
  return mounted && (async () => void (await run('umount', ['--lazy', at])));
}

/** Writes a file beside the database until there is no room for another byte. */
export async function fill({ data }: Cluster): Promise<void> {
  const file = await open(filler(data), 'w');
  try {
    for (let size = 1 << 20; size >= 1; size >>= 4) {
      const piece = Buffer.alloc(size);
      while (await fits(file.write(piece)));
    }
  } finally {
    await file.close();
  }
}

/** Takes the file away again. */
export async function free({ data }: Cluster): Promise<void> {
  await rm(filler(data));
}

function filler(data: string): string {
  return join(data, '..', 'filler');
}

async function fits(write: Promise<{ bytesWritten: number }>): Promise<boolean> {
  return write.then(
    ({ bytesWritten }) => bytesWritten > 0,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC') throw error;
      return false;
    },
  );
}
