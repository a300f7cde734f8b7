import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { readTrappedHeaders, receivedAtOf, type TrappedHeaders } from './trapped-headers.ts';

/** A mail as the list shows it. `id` sorts by the time of arrival. */
export type TrappedMail = { id: string; receivedAt: Date; bytes: number } & TrappedHeaders;

export type TrapPage = { mails: TrappedMail[]; next: string | undefined };

export type TrapStore = {
  size(): number;
  keep(raw: Buffer, receivedAt: Date): Promise<string>;
  /** Newest first, from behind `after`; `q` keeps mails whose recipients or subject hold it. */
  list(page: { after?: string | undefined; limit: number; q?: string | undefined }): Promise<TrapPage>;
  read(id: string): Promise<Buffer | undefined>;
};

const idPattern = /^\d{8}T\d{9}Z-\d{6,12}$/;
/** Headers of ours take 1 to 2 KB; of a block over 64 KB only that much is shown. */
const headerBytesUsual = 4_096;
const headerBytesMax = 65_536;
/** Writing a mail takes milliseconds. */
const unfinishedMsMax = 600_000;
const readsAtOnce = 32;
const headersKeptMax = 50_000;
const pageMailsMax = 500;

/**
 * Keeps mails as `.eml` files in one directory, named by time and sequence, and finds them again after a restart.
 * Only names are held from the start; headers are read when a page first shows them. One process at a time.
 */
export async function openTrapStore(dir: string): Promise<TrapStore> {
  await mkdir(dir, { recursive: true });
  const ids = await scan(dir);
  let sequence = ids.reduce((last, id) => Math.max(last, Number(id.split('-')[1])), 0);
  const known = new Map<string, TrappedMail>();

  async function mailOf(id: string): Promise<TrappedMail | undefined> {
    const mail = known.get(id) ?? (await unlessGone(readMail(dir, id)));
    // Two pages at once may miss the same file: only its own name is taken away.
    const at = firstBehind(ids, id) - 1;
    if (!mail && ids[at] === id) ids.splice(at, 1);
    if (mail && known.size < headersKeptMax) known.set(id, mail);
    return mail;
  }

  return {
    size: () => ids.length,

    async keep(raw, receivedAt) {
      sequence += 1;
      const id = `${receivedAt.toISOString().replace(/[-:.]/g, '')}-${String(sequence).padStart(6, '0')}`;
      const unfinished = join(dir, `.${id}.part`);
      await writeFile(unfinished, raw, { flag: 'wx' });
      await rename(unfinished, join(dir, `${id}.eml`));
      ids.splice(firstBehind(ids, id), 0, id);
      return id;
    },

    async list({ after, limit, q }) {
      const wanted = Math.min(Math.max(Math.trunc(limit), 1), pageMailsMax);
      const mails: TrappedMail[] = [];
      let end = after === undefined ? ids.length : firstBehind(ids, after);
      if (after !== undefined && ids[end - 1] === after) end -= 1;
      while (end > 0 && mails.length <= wanted) {
        const start = Math.max(0, end - readsAtOnce);
        const read = await Promise.all(ids.slice(start, end).reverse().map(mailOf));
        mails.push(...read.filter((mail) => mail !== undefined).filter((mail) => matches(mail, q)));
        end = start;
      }
      const page = mails.slice(0, wanted);
      return { mails: page, next: mails.length > wanted ? page.at(-1)?.id : undefined };
    },

    async read(id) {
      if (!idPattern.test(id) || ids[firstBehind(ids, id) - 1] !== id) return undefined;
      return unlessGone(readFile(join(dir, `${id}.eml`)));
    },
  };
}

/** What stands finished in the directory, oldest first. What a crash left half-written long ago goes. */
async function scan(dir: string): Promise<string[]> {
  const names = await readdir(dir);
  await Promise.all(names.filter((name) => name.endsWith('.part')).map((name) => dropOld(join(dir, name))));
  return names
    .filter((name) => name.endsWith('.eml') && idPattern.test(name.slice(0, -4)))
    .map((name) => name.slice(0, -4))
    .sort();
}

async function dropOld(unfinished: string): Promise<void> {
  const file = await unlessGone(stat(unfinished));
  if (file && Date.now() - file.mtimeMs > unfinishedMsMax) await rm(unfinished, { force: true });
}

/** Where in the sorted ids a new one would go: behind all that are equal or smaller. */
function firstBehind(ids: readonly string[], id: string): number {
  let [from, to] = [0, ids.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((ids[middle] ?? '') <= id) from = middle + 1;
    else to = middle;
  }
  return from;
}

async function readMail(dir: string, id: string): Promise<TrappedMail> {
  const file = await open(join(dir, `${id}.eml`));
  try {
    const { size } = await file.stat();
    let start = await readStart(file, headerBytesUsual);
    if (size > start.length && !start.includes('\r\n\r\n')) start = await readStart(file, headerBytesMax);
    return { id, receivedAt: receivedAtOf(id), bytes: size, ...(await readTrappedHeaders(start)) };
  } finally {
    await file.close();
  }
}

async function readStart(file: FileHandle, bytesMax: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.allocUnsafe(bytesMax), position: 0 });
  return buffer.subarray(0, bytesRead);
}

/** A person may delete files while the trap runs; a mail that is gone is no longer listed. */
async function unlessGone<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function matches(mail: TrappedMail, q: string | undefined): boolean {
  if (!q) return true;
  const wanted = q.toLowerCase();
  return [mail.subject, mail.to, ...mail.recipients].some((text) => text.toLowerCase().includes(wanted));
}
