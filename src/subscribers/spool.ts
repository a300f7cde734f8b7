import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

// Unsubscriptions that came while the database was away. One small file each, ids and an instant, no address.

export interface SpooledUnsubscription {
  subscriberId: number;
  newsletterId: number;
  saidAt: Date;
}

const content = z.object({
  subscriberId: z.number().int(),
  newsletterId: z.number().int(),
  saidAt: z.coerce.date(),
});

/** Writes the wish so that it survives a power cut: file and folder are both synced before this returns. */
export async function spoolUnsubscription(dataDir: string, wish: SpooledUnsubscription): Promise<void> {
  const folder = spoolFolder(dataDir);
  await mkdir(folder, { recursive: true });
  const name = `${wish.subscriberId}-${wish.newsletterId}-${randomBytes(4).toString('hex')}`;
  const half = join(folder, `.${name}`);
  const file = await open(half, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(wish));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, join(folder, `${name}.json`));
  const held = await open(folder, 'r');
  try {
    await held.sync();
  } finally {
    await held.close();
  }
}

/**
 * Hands every spooled wish to `carryOut` and removes it once that has succeeded; a file that cannot be read is kept under
 * another name for a person to look at. At most 1,000 at a time.
 *
 * @returns how many were carried out.
 */
export async function drainSpool(
  dataDir: string,
  carryOut: (wish: SpooledUnsubscription) => Promise<unknown>,
): Promise<number> {
  const folder = spoolFolder(dataDir);
  const names = (await listFolder(folder)).filter((name) => /^[^.].*\.json$/.test(name)).slice(0, 1_000);
  let done = 0;
  for (const name of names) {
    const path = join(folder, name);
    const text = await unlessGone(readFile(path, 'utf8'));
    // Another process on this disk has carried it out.
    if (text === undefined) continue;
    const wish = read(text);
    if (!wish) {
      await unlessGone(rename(path, `${path}.unreadable`));
      continue;
    }
    await carryOut(wish);
    await rm(path, { force: true });
    done += 1;
  }
  return done;
}

function spoolFolder(dataDir: string): string {
  return join(dataDir, 'spool', 'unsubscribe');
}

/** There is no folder until the first wish is spooled. */
async function listFolder(folder: string): Promise<string[]> {
  return (await unlessGone(readdir(folder))) ?? [];
}

async function unlessGone<T>(deed: Promise<T>): Promise<T | undefined> {
  try {
    return await deed;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function read(text: string): SpooledUnsubscription | undefined {
  try {
    return content.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
