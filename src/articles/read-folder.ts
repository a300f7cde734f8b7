import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../lib/errors.ts';
import { documentBytesMax } from './import-document.ts';

export interface File {
  name: string;
  content: Buffer;
}

const filesMax = 1_000;
const readable = /\.(?:md|markdown|html?|txt)$/i;

/**
 * The file at a path, or the Markdown, HTML and text files of a folder and those below it, in the order of their names.
 * One at a time, so a folder costs the memory of its largest file.
 *
 * @throws Refusal 404 `no_such_file`; 422 `nothing_to_import`, `too_many_files`, `too_large`.
 */
export async function* readFolder(path: string): AsyncGenerator<File> {
  const about = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new Refusal(404, 'no_such_file', `There is no file or folder ${path}.`);
    throw error;
  });
  if (!about.isDirectory()) {
    yield await open(path);
    return;
  }
  const names = (await readdir(path, { recursive: true })).filter((name) => readable.test(name)).sort();
  if (names.length === 0) {
    throw new Refusal(422, 'nothing_to_import', `No .md, .html or .txt file is in ${path}.`);
  }
  if (names.length > filesMax) {
    throw new Refusal(422, 'too_many_files', `${path} holds ${names.length} files, more than ${filesMax}.`);
  }
  for (const name of names) yield { ...(await open(join(path, name))), name };
}

async function open(path: string): Promise<File> {
  const { size } = await stat(path);
  if (size > documentBytesMax) throw new Refusal(422, 'too_large', `${path} is larger than 5 MB.`);
  return { name: path, content: await readFile(path) };
}
