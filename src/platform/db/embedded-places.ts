import { createHash } from 'node:crypto';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folders of the built-in Postgres, by their real paths. */
export interface Places {
  root: string;
  /** The cluster; it exists only as a whole, since initdb works beside it and is renamed. */
  data: string;
  lib: string;
  socketDir: string;
  /** A pipe with a name: who has it open uses the server. */
  seats: string;
}

/** `sockaddr_un.sun_path` less its final zero: 108 bytes on Linux, 104 on macOS. */
const socketPathBytesMax = process.platform === 'linux' ? 107 : 103;
const socketName = '.s.PGSQL.5432';

/** Makes the folders of the built-in Postgres below `dataDir`, closed to others. Safe to run twice. */
export async function makePlaces(dataDir: string): Promise<Places> {
  const wanted = resolve(dataDir, 'postgres');
  try {
    await mkdir(resolve(dataDir), { recursive: true });
    await mkdir(wanted, { mode: 0o700, recursive: true });
    const root = await realpath(wanted);
    const socketDir = socketDirOf(root);
    const places = {
      root,
      data: join(root, 'data'),
      lib: join(root, 'lib'),
      socketDir,
      seats: join(socketDir, 'seats'),
    };
    await mkdir(places.lib, { mode: 0o700, recursive: true });
    await mkdir(places.socketDir, { mode: 0o700, recursive: true });
    if (!places.socketDir.startsWith(root)) await refuseForeign(places.socketDir, root);
    return places;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw cause;
    throw new Error(`${wanted} belongs to another user: start as that user or choose another DATA_DIR`, {
      cause,
    });
  }
}

/** The access rule is `trust`: whoever reaches the socket is the superuser, so its folder must be closed and ours. */
async function refuseForeign(dir: string, root: string): Promise<void> {
  const there = await lstat(dir);
  const ours = [process.getuid?.(), (await lstat(root)).uid];
  if (there.isDirectory() && ours.includes(there.uid) && (there.mode & 0o077) === 0) return;
  throw new Error(`${dir} is not a closed folder of this user: remove it or choose a shorter DATA_DIR`);
}

function socketDirOf(root: string): string {
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const choices = [join(root, 'socket'), join(tmpdir(), `dateline-${hash}`), `/tmp/dateline-${hash}`];
  const short = choices.find((dir) => Buffer.byteLength(join(dir, socketName)) <= socketPathBytesMax);
  return short ?? `/tmp/dateline-${hash}`;
}
