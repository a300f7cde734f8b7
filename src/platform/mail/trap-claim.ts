import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

/** Where a running trap listens, and the word that its greeting holds: a port may be somebody else's by now. */
export type RunningTrap = { smtpUrl: string; run: string };

const greetingTimeoutMs = 2_000;
const greetingBytesMax = 512;

/** The trap that serves this directory now, whichever process keeps it. */
export async function findRunningTrap(dir: string): Promise<RunningTrap | undefined> {
  const claimed = await readClaim(claimIn(dir));
  if (!claimed) return undefined;
  if (await greets(claimed)) return claimed;
  await dropStale(dir, claimed);
  return undefined;
}

/** Makes a trap the one of its directory; false when another one was quicker. */
export async function claimTrap(dir: string, trap: RunningTrap): Promise<boolean> {
  await mkdir(dir, { recursive: true });
  const written = join(dir, `.smtp-${trap.run}`);
  await writeFile(written, `${trap.smtpUrl} ${trap.run}\n`);
  try {
    await link(written, claimIn(dir));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new Error(`the mail trap could not be claimed in ${dir}`, { cause: error });
  } finally {
    await rm(written, { force: true });
  }
}

export async function releaseTrap(dir: string, trap: RunningTrap): Promise<void> {
  if ((await readClaim(claimIn(dir)))?.run === trap.run) await rm(claimIn(dir), { force: true });
}

function claimIn(dir: string): string {
  return join(dir, '.smtp');
}

async function readClaim(file: string): Promise<RunningTrap | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const [smtpUrl, run] = text.trim().split(' ');
  return smtpUrl && run ? { smtpUrl, run } : undefined;
}

/** Moves the claim of a dead trap away, and puts it back should it be a new one by now. */
async function dropStale(dir: string, stale: RunningTrap): Promise<void> {
  const aside = join(dir, `.smtp-stale-${randomBytes(6).toString('hex')}`);
  const moved = await rename(claimIn(dir), aside).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  if ((await readClaim(aside))?.run !== stale.run) await link(aside, claimIn(dir)).catch(() => undefined);
  await rm(aside, { force: true });
}

function greets({ smtpUrl, run }: RunningTrap): Promise<boolean> {
  const { hostname, port } = new URL(smtpUrl);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let heard = '';
    const answer = (known: boolean) => {
      socket.destroy();
      resolve(known);
    };
    socket.setTimeout(greetingTimeoutMs, () => answer(false));
    socket.on('error', () => answer(false));
    socket.on('close', () => answer(false));
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      if (heard.includes('\n') || heard.length > greetingBytesMax) answer(heard.includes(run));
    });
  });
}
