import { execFile } from 'node:child_process';
import { chown, lstat, readdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from './embedded-binaries.ts';
import type { Places } from './embedded-places.ts';

/** As whom Postgres runs, since it refuses to be root: an id to change to, a program in front, or both. */
export interface Account {
  front: string[];
  ids: { uid: number; gid: number } | undefined;
  /** To whom the files must belong; undefined = leave them. */
  owner: { uid: number; gid: number } | undefined;
}

const nobody = { uid: 65534, gid: 65534 };
const root = { uid: 0, gid: 0 };
/** A namespace in which this process's user is called `nobody`: files stay ours, the checks of Postgres are met. */
const renamed = ['unshare', '--user', `--map-user=${nobody.uid}`];
const probeTimeoutMs = 10_000;

/**
 * Chooses as whom Postgres can run here and gives that account the folders. An ordinary user runs it as themself.
 * Root runs it as the owner of the existing files or as `nobody`; where `nobody` cannot reach the folders, under
 * another name in a user namespace; where those are forbidden, as `nobody` with the right to pass closed folders.
 */
export async function chooseAccount(
  places: Places,
  binaries: Binaries,
  libraryPath: string,
): Promise<Account> {
  const refused: string[] = [];
  for (const account of await candidates(places)) {
    await give(places, account.owner);
    const problem = await tryToRun(account, places, binaries, libraryPath);
    if (problem === undefined) {
      await giveTree(places.data, account.owner);
      return account;
    }
    refused.push(problem);
  }
  throw new Error(
    `the built-in Postgres cannot run here (its programs need glibc and a user other than root): set DATABASE_URL ` +
      `or put the project and DATA_DIR where every user may enter. Tried: ${refused.join(' | ')}`,
  );
}

async function candidates(places: Places): Promise<Account[]> {
  if (process.getuid?.() !== 0) {
    const asOurselves: Account = { front: [], ids: undefined, owner: undefined };
    // initdb looks its user up by name; a container may run under an id that has none.
    return hasName() ? [asOurselves] : [{ ...asOurselves, front: renamed }, asOurselves];
  }
  const { uid, gid } = await lstat(places.root);
  const ids = uid === 0 ? nobody : { uid, gid };
  const passing = ['setpriv', `--reuid=${ids.uid}`, `--regid=${ids.gid}`, '--clear-groups'];
  // Without that bit access(2), with which initdb looks for its programs, leaves the capability out of account.
  const override = [
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ];
  return [
    { front: [], ids, owner: ids },
    { front: renamed, ids: undefined, owner: root },
    { front: [...passing, ...override], ids: undefined, owner: ids },
  ];
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

async function give({ root: dir, lib, socketDir, seats }: Places, owner: Account['owner']): Promise<void> {
  if (!owner) return;
  for (const path of [dir, lib, socketDir, seats]) await chown(path, owner.uid, owner.gid);
}

async function giveTree(path: string, owner: Account['owner']): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (!owner || !there || there.uid === owner.uid) return;
  if (there.isDirectory()) {
    for (const name of await readdir(path)) await giveTree(join(path, name), owner);
  }
  // The folder itself comes last, so an interrupted walk is taken up again the next time.
  if (!there.isSymbolicLink()) await chown(path, owner.uid, owner.gid);
}

/** Undefined when this account can write the folders and run the programs; otherwise what the system said. */
function tryToRun(
  { front, ids }: Account,
  { root: dir, socketDir }: Places,
  { postgres }: Binaries,
  libraryPath: string,
): Promise<string | undefined> {
  const script =
    'export LD_LIBRARY_PATH="$1" DYLD_LIBRARY_PATH="$1"; test -w "$2" && test -w "$3" && "$4" -V';
  const [program = 'sh', ...args] = [
    ...front,
    'sh',
    '-c',
    script,
    'sh',
    libraryPath,
    dir,
    socketDir,
    postgres,
  ];
  return new Promise((resolve) => {
    execFile(program, args, { ...ids, cwd: '/', timeout: probeTimeoutMs }, (error, _stdout, stderr) => {
      if (!error) resolve(undefined);
      else resolve([...front.slice(0, 1), stderr.trim() || error.message.split('\n')[0]].join(': '));
    });
  });
}
