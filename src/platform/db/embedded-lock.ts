import { constants, open, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** `O_EXLOCK` of macOS and the BSDs: open and lock at once. Node has no name for it. */
const openExclusivelyLocked = 0x20;

/**
 * Takes the one right to start a server in this folder, or returns undefined while another process has it.
 * Returns the release. The kernel lets go when the holder dies, so a killed process leaves no stale lock behind:
 * on Linux the lock is a name in the abstract socket namespace, elsewhere a locked file.
 */
export async function tryLock(dir: string): Promise<(() => Promise<void>) | undefined> {
  return process.platform === 'linux' ? await lockByName(dir) : await lockByFile(dir);
}

async function lockByName(dir: string): Promise<(() => Promise<void>) | undefined> {
  const { dev, ino } = await stat(dir);
  const server = createServer((socket) => socket.destroy());
  server.unref();
  const taken = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new Error(`cannot lock ${dir} to start Postgres in it`, { cause: error }));
    });
    // The folder's identity and not its path: two containers may use the same path for different folders.
    server.listen(`\0dateline-postgres-${dev}-${ino}`, () => resolve(true));
  });
  if (!taken) return undefined;
  return () => new Promise((resolve) => server.close(() => resolve()));
}

async function lockByFile(dir: string): Promise<(() => Promise<void>) | undefined> {
  const { O_CREAT, O_RDWR, O_NONBLOCK } = constants;
  try {
    const file = await open(join(dir, 'lock'), O_CREAT | O_RDWR | O_NONBLOCK | openExclusivelyLocked, 0o600);
    return () => file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw new Error(`cannot lock ${dir} to start Postgres in it`, { cause: error });
  }
}
